"""What a measurement reads in a healthy adult and how conditions and drugs move it: tables only, no code.

A numeric measurement is `mean + own trait + effects + noise`; `physiology.level` adds it up. With `log=True` mean, spreads
and effects live on the natural-log scale (skewed quantities such as CRP). An effect is the shift at severity 1 of a condition,
at full exposure to a habit, or while a drug is taken.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Numeric:
    mean: float
    between: float  # standard deviation between people: the lasting personal trait
    within: float  # standard deviation between two readings of one person
    unit: str
    decimals: int = 0
    low: float = 0.0
    high: float = 1e9
    log: bool = False
    male: float = 0.0  # shift for men
    aging: float = 0.0  # shift per decade above 40 years
    effects: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ordinal:
    """A graded text result: the latent `own trait + effects + noise` is cut at `cuts` into `grades`."""

    grades: tuple[str, ...]
    cuts: tuple[float, ...]
    between: float = 0.6
    within: float = 0.6
    effects: dict[str, float] = field(default_factory=dict)


NUMERIC = {
    # vital signs
    "sbp": Numeric(
        116,
        6,
        5,
        "mmHg",
        0,
        70,
        240,
        male=3,
        aging=2.5,
        effects={
            "hypertension": 42,
            "obesity": 6,
            "ckd": 10,
            "cirrhosis": -10,
            "sepsis": -32,
            "hemorrhage": -22,
            "anxiety": 4,
            "heart_failure": -6,
            "lisinopril": -10,
            "enalapril": -10,
            "losartan": -10,
            "amlodipine": -10,
            "hydrochlorothiazide": -8,
            "metoprolol": -6,
            "carvedilol": -8,
            "hydralazine": -9,
            "spironolactone": -5,
            "pregnant": -4,
        },
    ),
    "dbp": Numeric(
        73,
        4,
        4,
        "mmHg",
        0,
        40,
        140,
        male=2,
        effects={
            "hypertension": 20,
            "obesity": 4,
            "sepsis": -18,
            "hemorrhage": -12,
            "lisinopril": -5,
            "enalapril": -5,
            "losartan": -5,
            "amlodipine": -5,
            "hydrochlorothiazide": -4,
            "metoprolol": -4,
            "carvedilol": -4,
            "hydralazine": -5,
        },
    ),
    "heart_rate": Numeric(
        74,
        6,
        5,
        "/min",
        0,
        35,
        190,
        effects={
            "atrial_fibrillation": 18,
            "heart_failure": 10,
            "sepsis": 34,
            "infection": 14,
            "hemorrhage": 26,
            "anxiety": 8,
            "hypothyroidism": -9,
            "anemia": 9,
            "copd": 7,
            "metoprolol": -11,
            "carvedilol": -9,
            "propranolol": -12,
            "diltiazem": -12,
            "amiodarone": -8,
            "digoxin": -6,
            "pregnant": 10,
        },
    ),
    "resp_rate": Numeric(
        15.5,
        0.8,
        1.1,
        "/min",
        0,
        8,
        45,
        effects={"copd": 4, "heart_failure": 3, "sepsis": 9, "infection": 3, "lung_cancer": 3, "asthma": 2},
    ),
    "temperature": Numeric(36.7, 0.12, 0.18, "Cel", 1, 34, 41.5, effects={"infection": 1.5, "sepsis": 1.9}),
    "spo2": Numeric(
        98,
        0.6,
        0.8,
        "%",
        0,
        70,
        100,
        effects={"copd": -7, "heart_failure": -3, "infection": -2, "sepsis": -4, "lung_cancer": -3, "home_oxygen": 2},
    ),
    "height": Numeric(163, 6.5, 0.4, "cm", 1, 40, 210, male=13),
    "pain": Numeric(
        1.0,
        0.9,
        1.0,
        "{score}",
        0,
        0,
        10,
        effects={
            "osteoarthritis": 5,
            "rheumatoid_arthritis": 5,
            "back_pain": 4,
            "migraine": 3,
            "neuropathy": 4,
            "injury": 5,
            "lung_cancer": 4,
            "gout": 2,
        },
    ),
    # chemistry
    "bun": Numeric(
        14,
        2.2,
        1.6,
        "mg/dL",
        0,
        3,
        160,
        aging=0.6,
        effects={"ckd": 62, "kidney_injury": 38, "heart_failure": 8, "hemorrhage": 16, "furosemide": 4},
    ),
    "sodium": Numeric(
        140, 1.2, 1.3, "mmol/L", 0, 115, 160, effects={"heart_failure": -4, "cirrhosis": -7, "hydrochlorothiazide": -2, "sepsis": -3}
    ),
    "potassium": Numeric(
        4.2,
        0.18,
        0.2,
        "mmol/L",
        1,
        2.4,
        7.5,
        effects={
            "ckd": 1.0,
            "kidney_injury": 0.9,
            "lisinopril": 0.2,
            "enalapril": 0.2,
            "losartan": 0.2,
            "spironolactone": 0.4,
            "furosemide": -0.35,
            "hydrochlorothiazide": -0.25,
        },
    ),
    "chloride": Numeric(102.5, 1.3, 1.4, "mmol/L", 0, 80, 125, effects={"furosemide": -3, "ckd": 3, "heart_failure": -3}),
    "bicarbonate": Numeric(
        25.5, 0.9, 1.0, "mmol/L", 0, 6, 45, effects={"ckd": -7, "sepsis": -6, "copd": 4, "furosemide": 2, "kidney_injury": -4}
    ),
    "calcium": Numeric(9.5, 0.2, 0.18, "mg/dL", 1, 6, 14, effects={"ckd": -0.9, "lung_cancer": 0.5}),
    "anion_gap": Numeric(10.5, 1.0, 1.2, "mmol/L", 0, 3, 30, effects={"sepsis": 6, "ckd": 4, "diabetes": 1}),
    "magnesium": Numeric(2.0, 0.1, 0.1, "mg/dL", 1, 0.8, 4, effects={"alcoholism": -0.4, "furosemide": -0.15, "ckd": 0.3}),
    "phosphate": Numeric(3.5, 0.25, 0.3, "mg/dL", 1, 1, 12, effects={"ckd": 3.4, "sevelamer": -1.2}),
    "alt": Numeric(
        3.05,
        0.25,
        0.15,
        "U/L",
        0,
        4,
        3000,
        log=True,
        male=0.15,
        effects={"fatty_liver": 0.8, "cirrhosis": 0.5, "alcoholism": 0.6, "methotrexate": 0.25},
    ),
    "ast": Numeric(
        3.05,
        0.2,
        0.15,
        "U/L",
        0,
        6,
        3000,
        log=True,
        male=0.1,
        effects={"fatty_liver": 0.5, "cirrhosis": 0.9, "alcoholism": 0.9, "heart_attack": 1.2},
    ),
    "alp": Numeric(
        4.25,
        0.2,
        0.1,
        "U/L",
        0,
        20,
        1500,
        log=True,
        effects={"cirrhosis": 0.7, "gallstone": 0.6, "prostate_cancer": 0.5, "colon_cancer": 0.4},
    ),
    "bilirubin": Numeric(-0.6, 0.25, 0.2, "mg/dL", 1, 0.1, 30, log=True, effects={"cirrhosis": 1.9, "gallstone": 0.9}),
    "albumin": Numeric(
        4.3,
        0.15,
        0.14,
        "g/dL",
        1,
        1.2,
        5.5,
        effects={"cirrhosis": -1.6, "ckd": -0.6, "sepsis": -0.8, "colon_cancer": -0.6, "lung_cancer": -0.7},
    ),
    "protein": Numeric(7.1, 0.25, 0.2, "g/dL", 1, 4, 10, effects={"cirrhosis": -0.6, "rheumatoid_arthritis": 0.4, "sepsis": -0.6}),
    "lipase": Numeric(3.5, 0.3, 0.2, "U/L", 0, 5, 3000, log=True, effects={"alcoholism": 0.6, "gallstone": 0.5}),
    "acr": Numeric(
        1.9,
        0.4,
        0.3,
        "mg/g",
        0,
        1,
        6000,
        log=True,
        effects={"diabetes": 1.0, "ckd": 4.6, "hypertension": 0.6, "lisinopril": -0.4, "losartan": -0.4, "empagliflozin": -0.4},
    ),
    "hdl": Numeric(54, 8, 3, "mg/dL", 0, 15, 110, male=-9, effects={"obesity": -8, "diabetes": -5, "smoking": -4, "alcohol": 6}),
    "ldl": Numeric(
        108,
        16,
        8,
        "mg/dL",
        0,
        20,
        300,
        effects={
            "hyperlipidemia": 75,
            "atorvastatin": -52,
            "rosuvastatin": -58,
            "simvastatin": -42,
            "ezetimibe": -24,
            "hypothyroidism": 14,
        },
    ),
    "triglycerides": Numeric(
        4.65, 0.25, 0.18, "mg/dL", 0, 30, 2000, log=True, effects={"hyperlipidemia": 0.5, "obesity": 0.35, "diabetes": 0.4, "alcohol": 0.25}
    ),
    "tsh": Numeric(0.6, 0.25, 0.2, "mIU/L", 2, 0.01, 120, log=True, effects={"hypothyroidism": 2.6, "levothyroxine": -1.6}),
    "free_t4": Numeric(1.2, 0.08, 0.08, "ng/dL", 2, 0.1, 4, effects={"hypothyroidism": -0.7, "levothyroxine": 0.4}),
    "urate": Numeric(
        5.0,
        0.6,
        0.4,
        "mg/dL",
        1,
        1.5,
        15,
        male=0.8,
        effects={"gout": 3.6, "ckd": 2.2, "obesity": 0.7, "hydrochlorothiazide": 0.8, "allopurinol": -2.8},
    ),
    "pth": Numeric(3.6, 0.2, 0.2, "pg/mL", 0, 5, 3000, log=True, effects={"ckd": 2.3, "calcitriol": -0.5}),
    "vitamin_b12": Numeric(
        6.15, 0.25, 0.12, "pg/mL", 0, 80, 2500, log=True, effects={"metformin": -0.3, "omeprazole": -0.15, "vitamin_b12_drug": 0.6}
    ),
    # inflammation, heart, clotting, markers
    "ferritin": Numeric(
        4.2,
        0.45,
        0.2,
        "ng/mL",
        0,
        2,
        3000,
        log=True,
        male=0.5,
        effects={"anemia": -2.4, "ferrous_sulfate": 0.8, "cirrhosis": 0.8, "infection": 0.6},
    ),
    "crp": Numeric(
        0.6,
        0.5,
        0.4,
        "mg/L",
        1,
        0.1,
        400,
        log=True,
        effects={
            "rheumatoid_arthritis": 2.2,
            "infection": 2.8,
            "sepsis": 4.0,
            "obesity": 0.7,
            "lung_cancer": 1.5,
            "adalimumab": -1.0,
            "prednisone": -0.6,
        },
    ),
    "esr": Numeric(
        2.2, 0.4, 0.3, "mm/h", 0, 1, 140, log=True, aging=0.08, effects={"rheumatoid_arthritis": 1.6, "infection": 1.2, "adalimumab": -0.7}
    ),
    "procalcitonin": Numeric(-3.0, 0.3, 0.4, "ng/mL", 2, 0.02, 100, log=True, effects={"sepsis": 5.0, "infection": 2.0, "ckd": 0.8}),
    "lactate": Numeric(0.1, 0.15, 0.2, "mmol/L", 1, 0.3, 20, log=True, effects={"sepsis": 1.3, "hemorrhage": 0.6, "metformin": 0.1}),
    "nt_probnp": Numeric(
        4.3,
        0.5,
        0.3,
        "pg/mL",
        0,
        5,
        70000,
        log=True,
        aging=0.25,
        effects={"heart_failure": 3.8, "atrial_fibrillation": 0.9, "ckd": 1.0, "copd": 0.4},
    ),
    "troponin": Numeric(
        1.2, 0.4, 0.4, "ng/L", 0, 1, 50000, log=True, effects={"heart_attack": 6.0, "heart_failure": 1.0, "ckd": 0.9, "sepsis": 1.2}
    ),
    "creatine_kinase": Numeric(
        4.5, 0.35, 0.25, "U/L", 0, 15, 20000, log=True, male=0.3, effects={"heart_attack": 1.6, "atorvastatin": 0.15, "injury": 0.6}
    ),
    "d_dimer": Numeric(-1.0, 0.4, 0.3, "ug/mL", 2, 0.1, 30, log=True, aging=0.1, effects={"clot": 2.4, "sepsis": 1.2, "pregnant": 0.8}),
    "inr": Numeric(1.02, 0.04, 0.05, "{INR}", 1, 0.8, 9, effects={"warfarin": 1.45, "cirrhosis": 0.8, "sepsis": 0.3}),
    "psa": Numeric(
        0.0,
        0.4,
        0.2,
        "ng/mL",
        1,
        0.1,
        900,
        log=True,
        aging=0.15,
        effects={"prostate_hyperplasia": 1.0, "prostate_cancer": 3.2, "finasteride": -0.7, "prostatectomy": -3, "leuprolide": -1.5},
    ),
    "cea": Numeric(0.5, 0.35, 0.2, "ng/mL", 1, 0.3, 900, log=True, effects={"colon_cancer": 2.6, "smoking": 0.5, "lung_cancer": 1.0}),
    "arterial_ph": Numeric(7.4, 0.01, 0.03, "[pH]", 2, 6.9, 7.7, effects={"sepsis": -0.1, "copd": -0.06, "ckd": -0.03}),
    "arterial_co2": Numeric(40, 1.5, 3, "mmHg", 0, 18, 110, effects={"copd": 20, "sepsis": -6}),
    "arterial_o2": Numeric(88, 4, 6, "mmHg", 0, 35, 160, effects={"copd": -26, "infection": -14, "heart_failure": -10}),
    # blood count
    "wbc": Numeric(
        1.9,
        0.18,
        0.14,
        "10*3/uL",
        1,
        0.3,
        90,
        log=True,
        effects={"infection": 0.55, "sepsis": 0.85, "prednisone": 0.25, "methotrexate": -0.15, "chemotherapy": -0.8, "smoking": 0.12},
    ),
    "hemoglobin": Numeric(
        13.4,
        0.6,
        0.4,
        "g/dL",
        1,
        4,
        20,
        male=1.5,
        effects={
            "anemia": -5,
            "ckd": -3.6,
            "hemorrhage": -3.5,
            "colon_cancer": -2.2,
            "chemotherapy": -2,
            "cirrhosis": -1.8,
            "ferrous_sulfate": 1.6,
            "epoetin": 1.6,
            "pregnant": -1.5,
            "rheumatoid_arthritis": -0.8,
        },
    ),
    "mcv": Numeric(90, 3, 1, "fL", 0, 60, 130, effects={"anemia": -14, "alcoholism": 7, "methotrexate": 3, "ferrous_sulfate": 4}),
    "rdw": Numeric(13.2, 0.5, 0.3, "%", 1, 10, 30, effects={"anemia": 4, "chemotherapy": 2, "cirrhosis": 2, "ckd": 1}),
    "platelets": Numeric(
        245,
        40,
        16,
        "10*3/uL",
        0,
        8,
        1200,
        effects={"cirrhosis": -140, "sepsis": -60, "chemotherapy": -90, "anemia": 40, "rheumatoid_arthritis": 40, "heparin": -12},
    ),
    "monocytes": Numeric(-0.7, 0.2, 0.2, "10*3/uL", 1, 0.1, 5, log=True, effects={"infection": 0.3}),
    "eosinophils": Numeric(-1.9, 0.5, 0.3, "10*3/uL", 1, 0.0, 5, log=True, effects={"asthma": 0.9, "allergy": 0.6, "prednisone": -0.8}),
    "lymphocytes": Numeric(
        0.65, 0.2, 0.16, "10*3/uL", 1, 0.1, 12, log=True, effects={"sepsis": -0.6, "chemotherapy": -0.5, "prednisone": -0.2}
    ),
    # function tests and scores
    "ejection_fraction": Numeric(
        61, 2.5, 2, "%", 0, 8, 78, effects={"heart_failure": -36, "coronary_disease": -4, "carvedilol": 3, "lisinopril": 2}
    ),
    "fev1_fvc": Numeric(0.8, 0.02, 0.015, "1", 2, 0.2, 0.95, aging=-0.012, effects={"copd": -0.36, "asthma": -0.12, "smoking": -0.02}),
    "t_score": Numeric(
        -0.2,
        0.5,
        0.15,
        "{Tscore}",
        1,
        -5.5,
        3,
        male=0.4,
        aging=-0.2,
        effects={"osteoporosis": -2.2, "prednisone": -0.2, "alendronate": 0.4},
    ),
    "mmse": Numeric(29, 0.6, 0.8, "{score}", 0, 0, 30, effects={"dementia": -19, "donepezil": 1, "stroke_damage": -2}),
    "phq9": Numeric(
        3,
        1.3,
        1.5,
        "{score}",
        0,
        0,
        27,
        effects={
            "depression": 16,
            "anxiety": 3,
            "sertraline": -4,
            "escitalopram": -4,
            "fluoxetine": -4,
            "bupropion": -4,
            "mirtazapine": -4,
        },
    ),
    "gad7": Numeric(
        2.5, 1.2, 1.3, "{score}", 0, 0, 21, effects={"anxiety": 13, "depression": 3, "sertraline": -3, "escitalopram": -4, "buspirone": -3}
    ),
    "audit_c": Numeric(1.2, 0.6, 0.6, "{score}", 0, 0, 12, effects={"alcohol": 6, "alcoholism": 4, "naltrexone": -2}),
    "fall_risk": Numeric(
        20,
        6,
        6,
        "{score}",
        0,
        0,
        125,
        aging=6,
        effects={"dementia": 35, "stroke_damage": 25, "osteoarthritis": 12, "alcoholism": 15, "lorazepam": 12},
    ),
    "urine_ph": Numeric(6.0, 0.3, 0.4, "[pH]", 1, 4.5, 9, effects={"urinary_infection": 0.8}),
    "urine_gravity": Numeric(1.018, 0.003, 0.004, "1", 3, 1.001, 1.04, effects={"ckd": -0.007, "diabetes": 0.004}),
}

ORDINAL = {
    "urine_protein": Ordinal(
        ("Negative", "Trace", "1+", "2+", "3+"), (0.9, 1.6, 2.5, 3.4), effects={"ckd": 3.2, "diabetes": 0.6, "preeclampsia": 2.5}
    ),
    "urine_glucose": Ordinal(
        ("Negative", "Trace", "1+", "2+", "3+"), (1.4, 1.8, 2.4, 3.0), effects={"diabetes": 1.6, "empagliflozin": 2.6}
    ),
    "urine_ketones": Ordinal(
        ("Negative", "Trace", "1+", "2+"), (1.4, 2.0, 2.8), effects={"diabetes": 0.5, "alcoholism": 0.6, "empagliflozin": 0.5}
    ),
    "urine_blood": Ordinal(
        ("Negative", "Trace", "1+", "2+", "3+"),
        (1.2, 1.7, 2.3, 3.0),
        effects={"urinary_infection": 1.8, "prostate_hyperplasia": 0.5, "ckd": 0.7},
    ),
    "urine_leukocytes": Ordinal(("Negative", "Trace", "Small", "Large"), (1.2, 1.7, 2.4), effects={"urinary_infection": 3.0}),
    "urine_nitrite": Ordinal(("Negative", "Positive"), (2.0,), effects={"urinary_infection": 2.2}),
    "urine_color": Ordinal(("Straw", "Yellow", "Amber", "Red"), (-0.4, 1.1, 2.4), effects={"urinary_infection": 0.9, "cirrhosis": 0.8}),
    "urine_clarity": Ordinal(("Clear", "Hazy", "Cloudy"), (0.9, 1.9), effects={"urinary_infection": 2.0}),
    "urine_culture": Ordinal(("No growth", "Klebsiella pneumoniae", "Escherichia coli"), (1.8, 2.4), effects={"urinary_infection": 2.5}),
    "blood_culture": Ordinal(("No growth", "Staphylococcus aureus", "Escherichia coli"), (2.0, 2.8), effects={"sepsis": 1.8}),
    "stool_blood": Ordinal(("Negative", "Positive"), (2.1,), effects={"colon_cancer": 2.4, "peptic_ulcer": 1.5, "hemorrhage": 2.5}),
    "influenza_a": Ordinal(("Not detected", "Detected"), (1.1,)),
    "nyha": Ordinal(("Class I", "Class II", "Class III", "Class IV"), (0.9, 2.0, 3.1), effects={"heart_failure": 3.6}),
    "fall_risk_level": Ordinal(
        ("Low", "Moderate", "High"), (1.0, 2.0), effects={"dementia": 2.0, "stroke_damage": 1.4, "osteoporosis": 0.8}
    ),
}

TRAITS = {
    "insurance": (("Private", 5), ("Medicare", 3), ("Medicaid", 2), ("Self pay", 0.6)),
    "education": (("High school", 4), ("College degree", 4), ("Less than high school", 1.2), ("Graduate degree", 1.5)),
    "employment": (("Full-time", 5), ("Part-time", 1.5), ("Retired", 2.5), ("Unemployed", 1)),
    "housing": (("Stable", 9), ("Unstable", 0.8)),
    "blood_group": (("O", 45), ("A", 40), ("B", 11), ("AB", 4)),
}
"""Text answers that never change for a person, with their weights."""

PANELS = {
    "vitals": ("sbp", "dbp", "heart_rate", "resp_rate", "temperature", "spo2"),
    "body": ("height", "weight", "bmi"),
    "basic": ("sodium", "potassium", "chloride", "bicarbonate", "anion_gap", "bun", "creatinine", "egfr", "glucose", "calcium"),
    "liver": ("alt", "ast", "alp", "bilirubin", "albumin", "protein"),
    "blood_count": ("wbc", "rbc", "hemoglobin", "hematocrit", "mcv", "mch", "rdw", "platelets"),
    "differential": ("neutrophils", "lymphocytes", "monocytes", "eosinophils"),
    "lipids": ("cholesterol", "hdl", "ldl", "triglycerides"),
    "glycemia": ("hba1c",),
    "kidney": ("acr", "phosphate", "pth"),
    "thyroid": ("tsh", "free_t4"),
    "iron": ("ferritin", "iron", "tibc", "iron_saturation"),
    "inflammation": ("crp", "esr"),
    "heart": ("nt_probnp", "ejection_fraction"),
    "infarction": ("troponin", "creatine_kinase"),
    "clotting": ("inr", "prothrombin_time"),
    "clot": ("d_dimer",),
    "infection": ("lactate", "procalcitonin", "blood_culture"),
    "blood_gas": ("arterial_ph", "arterial_co2", "arterial_o2"),
    "lungs": ("fev1_fvc",),
    "mood": ("phq9", "gad7"),
    "urinalysis": (
        "urine_color",
        "urine_clarity",
        "urine_gravity",
        "urine_ph",
        "urine_protein",
        "urine_glucose",
        "urine_ketones",
        "urine_blood",
        "urine_leukocytes",
        "urine_nitrite",
    ),
    "urine_culture": ("urine_culture",),
    "stool": ("stool_blood",),
    "cognition": ("mmse",),
    "bones": ("t_score",),
    "prostate": ("psa",),
    "urate": ("urate",),
    "tumor_colon": ("cea",),
    "electrolytes": ("magnesium", "phosphate"),
    "vitamin": ("vitamin_b12",),
    "alcohol": ("audit_c", "lipase"),
    "falls": ("fall_risk", "fall_risk_level"),
    "pain": ("pain",),
    "function": ("nyha",),
    "influenza": ("influenza_a",),
}

ORDERS = {
    "basic": "order_basic",
    "liver": "order_metabolic",
    "blood_count": "order_blood_count",
    "lipids": "order_lipids",
    "urinalysis": "order_urinalysis",
    "glycemia": "order_hba1c",
    "thyroid": "order_thyroid",
    "heart": "echocardiography",
    "lungs": "spirometry",
    "bones": "bone_density",
}
"""The billed order that sometimes precedes a panel."""

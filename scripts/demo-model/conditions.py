"""The hidden conditions: what causes them, how they progress, how they are found and treated. Tables only, no code.

A condition starts silently with a yearly hazard
    onset * exp(slope * (age - 50)) * product over causes of (1 + (multiplier - 1) * level of the cause)
and then its severity rises from `start` towards 1 by `progress` a year, sped up or slowed down by `drivers` (the same formula) and by its drugs.
A cause may be another condition (level = severity), a habit (smoking, alcohol, obesity; level 0 to 1), a drug (1 while taken),
or a personal liability drawn at birth. Nothing of this is seen in a record before a symptom, a screening test or a laboratory value shows it.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """One step of a treatment ladder; the step is taken when its marker's last reading calls for it."""

    drugs: tuple[str, ...]  # one of these is prescribed
    slows: float = 0.0  # the share of progress it prevents
    marker: str = ""  # a measurement; empty: start at once
    above: float = 0.0  # take this step when the last reading is at least this ...
    below: float = 1e9  # ... and at most this
    severity: float = 0.0  # and the condition is at least this severe


@dataclass(frozen=True)
class Condition:
    stages: tuple[tuple[float, str], ...]  # (from this severity, recorded as this code)
    onset: float  # per year at the age of 50
    slope: float = 0.03  # per year of age
    youngest: float = 18
    oldest: float = 120
    sex: str = ""  # "F" or "M" when only one sex can have it
    male: float = 1.0  # hazard multiplier for men
    causes: dict[str, float] = field(default_factory=dict)
    start: float = 0.1  # severity at onset
    progress: float = 0.03  # severity per year
    drivers: dict[str, float] = field(default_factory=dict)
    found_by: tuple[tuple[str, float, float], ...] = ()  # (measurement, at least, at most): a reading inside reveals it
    symptoms: tuple[str, ...] = ()
    complaint: float = 0.0  # symptomatic visits per year at severity 1 until it is diagnosed
    work_up: tuple[str, ...] = ()  # panels and procedures of such a visit
    follow_up: float = 0.5  # visits per year once diagnosed, at severity 0; twice that at severity 1
    panels: tuple[tuple[str, float], ...] = ()  # (panel or procedure, probability) at a follow-up visit
    ladder: tuple[Line, ...] = ()
    advice: tuple[str, ...] = ()  # things said or done on diagnosis
    deadly: float = 0.0  # deaths per year at severity 1


CONDITIONS = {
    "hypertension": Condition(
        ((0, "hypertension"), (0.5, "essential_hypertension")), 0.028, 0.035, male=1.2, start=0.3, progress=0.03,
        causes={"obesity": 3.0, "alcohol": 1.8, "ckd": 4.0, "sleep_apnea": 2.0, "liability_heart": 2.0}, drivers={"obesity": 1.6},
        found_by=(("sbp", 140, 999),), follow_up=0.9, panels=(("basic", 0.5), ("lipids", 0.15), ("ecg", 0.06)), advice=("low_sodium_diet",),
        ladder=(Line(("lisinopril", "lisinopril", "losartan", "enalapril"), 0.3), Line(("amlodipine", "hydrochlorothiazide"), 0.2, "sbp", 138),
                Line(("hydrochlorothiazide", "metoprolol", "amlodipine"), 0.1, "sbp", 142), Line(("hydralazine",), 0.1, "sbp", 150)), deadly=0.004),
    "hyperlipidemia": Condition(
        ((0, "hyperlipidemia"), (0.75, "hypertriglyceridemia")), 0.022, 0.025, start=0.35, progress=0.02,
        causes={"obesity": 2.2, "hypothyroidism": 2.0, "diabetes": 2.0, "liability_heart": 2.5}, found_by=(("ldl", 152, 999), ("triglycerides", 260, 9999)),
        follow_up=0.5, panels=(("lipids", 0.7), ("liver", 0.3)), advice=("healthy_diet",),
        ladder=(Line(("atorvastatin", "atorvastatin", "simvastatin"), 0.3), Line(("rosuvastatin", "ezetimibe"), 0.2, "ldl", 130))),
    "prediabetes": Condition(
        ((0, "prediabetes"),), 0.014, 0.02, start=0.3, progress=0.06, causes={"obesity": 5.0, "liability_sugar": 2.6, "prednisone": 2.0, "gestational_history": 3.0},
        drivers={"obesity": 1.8, "metformin": 0.5}, found_by=(("hba1c", 5.8, 6.4),), follow_up=0.4, panels=(("glycemia", 0.7), ("basic", 0.3)), advice=("healthy_diet",)),
    "diabetes": Condition(
        ((0, "diabetes"),), 0.0004, 0.01, start=0.25, progress=0.055, causes={"prediabetes": 110.0, "obesity": 2.0, "liability_sugar": 2.5},
        drivers={"obesity": 1.5, "prednisone": 1.5}, found_by=(("hba1c", 6.5, 99), ("glucose", 200, 9999)), symptoms=("polyuria", "fatigue"), complaint=0.8,
        work_up=("glycemia", "basic", "urinalysis"), follow_up=1.9,
        panels=(("glycemia", 0.85), ("basic", 0.6), ("lipids", 0.25), ("kidney", 0.3), ("urinalysis", 0.15), ("eye_exam", 0.12), ("vitamin", 0.04)),
        advice=("diabetic_diet", "glucose_monitoring", "diet_education"),
        ladder=(Line(("metformin",), 0.35), Line(("glipizide", "glimepiride", "sitagliptin"), 0.15, "hba1c", 7.3), Line(("empagliflozin", "liraglutide"), 0.25, "hba1c", 7.5),
                Line(("insulin_glargine",), 0.2, "hba1c", 8.2), Line(("insulin_lispro",), 0.1, "hba1c", 8.6)), deadly=0.008),
    "retinopathy": Condition(
        ((0, "retinopathy"), (0.6, "proliferative_retinopathy")), 0.0, 0.0, start=0.1, progress=0.06, causes={"diabetes": 0.0}, drivers={"diabetes": 1.8, "hypertension": 1.4},
        found_by=(("eye_exam", 0, 0),), follow_up=0.5, panels=(("eye_exam", 0.8),)),
    "neuropathy": Condition(
        ((0, "neuropathy"),), 0.0, 0.0, start=0.2, progress=0.06, causes={"diabetes": 0.0}, drivers={"diabetes": 1.6}, symptoms=("fatigue", "joint_pain"), complaint=0.7,
        work_up=("glycemia", "vitamin", "pain"), follow_up=0.6, panels=(("pain", 0.5),), ladder=(Line(("gabapentin", "duloxetine")),)),
    "ckd": Condition(
        ((0, "ckd_2"), (0.38, "ckd_3"), (0.7, "ckd_4"), (0.88, "ckd_5"), (0.97, "esrd")), 0.0018, 0.04, start=0.15, progress=0.02,
        causes={"diabetes": 12.0, "hypertension": 4.0, "kidney_history": 4.0, "ibuprofen": 1.8, "heart_failure": 2.0, "liability_kidney": 3.0},
        drivers={"diabetes": 2.4, "hypertension": 1.6, "ibuprofen": 1.6, "naproxen": 1.6, "empagliflozin": 0.6, "lisinopril": 0.7, "losartan": 0.7, "liability_kidney": 1.6},
        found_by=(("egfr", 0, 62), ("acr", 120, 99999)), follow_up=1.0, panels=(("basic", 0.85), ("kidney", 0.45), ("blood_count", 0.4), ("urinalysis", 0.3)),
        ladder=(Line(("lisinopril", "losartan"), 0.2), Line(("furosemide",), 0.0, severity=0.7), Line(("sevelamer",), 0.0, "phosphate", 5.4),
                Line(("calcitriol",), 0.0, "pth", 150), Line(("epoetin",), 0.0, "hemoglobin", 0, 10.0, 0.6)), deadly=0.09),
    "coronary_disease": Condition(
        ((0, "coronary_disease"),), 0.0016, 0.055, youngest=30, male=2.0, start=0.2, progress=0.035,
        causes={"smoking": 2.6, "hyperlipidemia": 3.0, "diabetes": 2.4, "hypertension": 2.2, "ckd": 2.0, "liability_heart": 3.0},
        drivers={"smoking": 1.8, "diabetes": 1.5, "atorvastatin": 0.6, "rosuvastatin": 0.6, "simvastatin": 0.7}, symptoms=("chest_pain", "dyspnea"), complaint=1.4,
        work_up=("ecg", "infarction", "lipids", "basic"), follow_up=1.0, panels=(("lipids", 0.45), ("ecg", 0.25), ("basic", 0.3), ("heart", 0.08)),
        ladder=(Line(("aspirin",), 0.1), Line(("atorvastatin", "rosuvastatin"), 0.2), Line(("metoprolol",)), Line(("nitroglycerin",), severity=0.5)), deadly=0.02),
    "heart_failure": Condition(
        ((0, "heart_failure"), (0.45, "chronic_heart_failure")), 0.0012, 0.06, youngest=35, male=1.2, start=0.25, progress=0.035,
        causes={"coronary_disease": 6.0, "hypertension": 3.0, "infarct_history": 6.0, "diabetes": 2.0, "atrial_fibrillation": 2.5, "ckd": 2.5, "doxorubicin": 6.0},
        drivers={"coronary_disease": 1.5, "lisinopril": 0.8, "ibuprofen": 1.3}, found_by=(("ejection_fraction", 0, 45), ("nt_probnp", 900, 99999)),
        symptoms=("dyspnea", "edema", "fatigue"), complaint=1.8, work_up=("heart", "basic", "chest_xray", "ecg"), follow_up=1.8,
        panels=(("basic", 0.75), ("heart", 0.3), ("function", 0.5), ("electrolytes", 0.2)),
        ladder=(Line(("furosemide",)), Line(("carvedilol", "metoprolol"), 0.2), Line(("lisinopril", "losartan"), 0.2), Line(("spironolactone",), 0.15, "ejection_fraction", 0, 42),
                Line(("digoxin",), 0.0, "ejection_fraction", 0, 32)), advice=("low_sodium_diet",), deadly=0.12),
    "atrial_fibrillation": Condition(
        ((0, "atrial_fibrillation"),), 0.0025, 0.065, youngest=30, male=1.3, start=0.3, progress=0.04,
        causes={"heart_failure": 5.0, "hypertension": 1.8, "obesity": 1.6, "sleep_apnea": 2.0, "alcohol": 1.8}, symptoms=("palpitations", "dizziness"), complaint=2.2,
        work_up=("ecg", "thyroid", "basic", "heart"), follow_up=1.1, panels=(("ecg", 0.5), ("clotting", 0.45), ("basic", 0.2)),
        ladder=(Line(("metoprolol", "diltiazem")), Line(("warfarin", "apixaban")), Line(("amiodarone",), severity=0.6)), deadly=0.02),
    "peripheral_artery_disease": Condition(
        ((0, "peripheral_artery_disease"),), 0.0018, 0.05, youngest=40, start=0.2, progress=0.04, causes={"smoking": 5.0, "diabetes": 4.0, "hyperlipidemia": 1.8},
        symptoms=("joint_pain",), complaint=0.8, work_up=("lipids", "glycemia"), follow_up=0.5, panels=(("lipids", 0.3),), ladder=(Line(("clopidogrel", "aspirin"), 0.1),), deadly=0.02),
    "copd": Condition(
        ((0, "copd"), (0.55, "emphysema")), 0.0018, 0.05, youngest=35, start=0.2, progress=0.04, causes={"smoking": 18.0, "asthma": 2.0}, drivers={"smoking": 2.2},
        found_by=(("fev1_fvc", 0, 0.69),), symptoms=("dyspnea", "cough"), complaint=1.5, work_up=("lungs", "chest_xray"), follow_up=1.2,
        panels=(("lungs", 0.35), ("pulmonary_rehabilitation", 0.08)), advice=("smoking_education",),
        ladder=(Line(("albuterol",)), Line(("tiotropium",), 0.1, severity=0.35), Line(("fluticasone", "salmeterol"), 0.05, severity=0.5), Line(("home_oxygen",), 0.0, "spo2", 0, 90)), deadly=0.08),
    "asthma": Condition(
        ((0, "asthma"),), 0.0018, -0.03, youngest=3, start=0.2, progress=0.012, causes={"allergy": 4.0, "obesity": 1.6}, symptoms=("wheezing", "cough"), complaint=1.6,
        work_up=("lungs",), follow_up=0.9, panels=(("lungs", 0.3),), ladder=(Line(("albuterol",)), Line(("fluticasone",), 0.2, severity=0.25), Line(("montelukast", "salmeterol"), 0.1, severity=0.45))),
    "sleep_apnea": Condition(
        ((0, "sleep_apnea"),), 0.0035, 0.02, male=1.8, start=0.3, progress=0.02, causes={"obesity": 7.0}, symptoms=("fatigue", "insomnia"), complaint=0.6,
        work_up=("sleep_study",), follow_up=0.3),
    "depression": Condition(
        ((0, "depression"),), 0.006, -0.005, youngest=14, male=0.6, start=0.35, progress=0.0, causes={"anxiety": 3.0, "neuropathy": 1.6, "unstable_life": 2.0, "stroke_damage": 2.5, "liability_mood": 3.0},
        found_by=(("phq9", 11, 99),), symptoms=("fatigue", "insomnia"), complaint=1.0, work_up=("mood", "thyroid"), follow_up=1.4,
        panels=(("mood", 0.7), ("psychotherapy", 0.35)), ladder=(Line(("sertraline", "escitalopram", "fluoxetine")), Line(("bupropion", "mirtazapine"), 0.0, "phq9", 8), Line(("trazodone",), 0.0, "phq9", 9)), deadly=0.004),
    "anxiety": Condition(
        ((0, "anxiety"),), 0.005, -0.015, youngest=12, male=0.6, start=0.35, progress=0.0, causes={"depression": 2.5, "liability_mood": 3.0}, found_by=(("gad7", 10, 99),),
        symptoms=("palpitations", "insomnia", "dizziness"), complaint=1.0, work_up=("mood", "ecg"), follow_up=1.0, panels=(("mood", 0.6), ("psychotherapy", 0.4)),
        ladder=(Line(("escitalopram", "sertraline")), Line(("buspirone", "lorazepam"), 0.0, "gad7", 10))),
    "alcoholism": Condition(
        ((0, "alcoholism"),), 0.0003, -0.01, male=1.6, start=0.3, progress=0.03, causes={"alcohol": 30.0, "depression": 1.8, "unstable_life": 2.0}, found_by=(("audit_c", 7, 99),),
        symptoms=("nausea", "insomnia"), complaint=0.5, work_up=("alcohol", "liver", "electrolytes"), follow_up=0.9, panels=(("alcohol", 0.5), ("liver", 0.5), ("electrolytes", 0.3)),
        advice=("alcohol_counseling",), ladder=(Line(("thiamine",)), Line(("naltrexone",), 0.3, severity=0.4)), deadly=0.015),
    "fatty_liver": Condition(
        ((0, "fatty_liver"),), 0.0035, 0.01, start=0.3, progress=0.03, causes={"obesity": 5.0, "diabetes": 2.5, "alcohol": 2.0}, found_by=(("alt", 56, 9999),), follow_up=0.3, panels=(("liver", 0.8),)),
    "cirrhosis": Condition(
        ((0, "cirrhosis"),), 0.0002, 0.02, start=0.25, progress=0.07, causes={"alcoholism": 50.0, "fatty_liver": 6.0}, drivers={"alcohol": 2.0, "naltrexone": 0.6},
        found_by=(("albumin", 0, 3.2), ("bilirubin", 2.2, 99)), symptoms=("fatigue", "edema", "abdominal_pain"), complaint=1.2, work_up=("liver", "clotting", "blood_count"), follow_up=1.6,
        panels=(("liver", 0.8), ("clotting", 0.5), ("blood_count", 0.5), ("basic", 0.4)), ladder=(Line(("spironolactone",)), Line(("lactulose",), severity=0.4), Line(("furosemide",), severity=0.55)), deadly=0.2),
    "hypothyroidism": Condition(
        ((0, "hypothyroidism"),), 0.005, 0.015, male=0.25, start=0.35, progress=0.05, causes={"liability_immune": 4.0}, found_by=(("tsh", 5.5, 999),), symptoms=("fatigue", "constipation"), complaint=0.9,
        work_up=("thyroid", "blood_count"), follow_up=0.7, panels=(("thyroid", 0.85),), ladder=(Line(("levothyroxine",), 0.5),)),
    "osteoarthritis": Condition(
        ((0, "osteoarthritis"), (0.35, "knee_osteoarthritis"), (0.6, "hip_osteoarthritis")), 0.014, 0.05, male=0.75, start=0.2, progress=0.045, causes={"obesity": 2.6}, drivers={"obesity": 1.6},
        symptoms=("joint_pain",), complaint=1.4, work_up=("pain", "knee_xray"), follow_up=0.6, panels=(("pain", 0.6), ("physical_therapy", 0.3), ("knee_xray", 0.1)),
        ladder=(Line(("acetaminophen",)), Line(("ibuprofen", "naproxen", "meloxicam"), 0.0, "pain", 3), Line(("tramadol",), 0.0, "pain", 6))),
    "osteoporosis": Condition(
        ((0, "osteoporosis"),), 0.008, 0.07, youngest=45, male=0.25, start=0.25, progress=0.05, causes={"prednisone": 3.0, "smoking": 1.6, "rheumatoid_arthritis": 1.8, "alcohol": 1.5, "anastrozole": 2.5},
        drivers={"alendronate": 0.4, "prednisone": 1.6}, found_by=(("t_score", -99, -2.2),), follow_up=0.4, panels=(("bones", 0.35),), ladder=(Line(("alendronate",), 0.3), Line(("cholecalciferol",)))),
    "rheumatoid_arthritis": Condition(
        ((0, "rheumatoid_arthritis"),), 0.0012, 0.01, male=0.4, start=0.3, progress=0.06, causes={"liability_immune": 6.0, "smoking": 1.8}, symptoms=("joint_pain", "fatigue"), complaint=2.0,
        work_up=("inflammation", "blood_count", "pain"), follow_up=2.2, panels=(("inflammation", 0.8), ("blood_count", 0.5), ("liver", 0.4), ("pain", 0.4)),
        ladder=(Line(("methotrexate", "hydroxychloroquine"), 0.4), Line(("folic_acid",)), Line(("prednisone",), 0.1, "crp", 12), Line(("adalimumab",), 0.4, "crp", 16)), deadly=0.01),
    "gout": Condition(
        ((0, "gout"),), 0.002, 0.02, male=3.0, start=0.35, progress=0.02, causes={"obesity": 2.0, "alcohol": 2.2, "ckd": 2.5, "hydrochlorothiazide": 2.0}, symptoms=("joint_pain",), complaint=1.8,
        work_up=("urate", "pain"), follow_up=0.5, panels=(("urate", 0.6),), ladder=(Line(("colchicine",)), Line(("allopurinol",), 0.6, "urate", 6.5))),
    "reflux": Condition(
        ((0, "reflux"),), 0.014, 0.01, start=0.25, progress=0.02, causes={"obesity": 2.2, "smoking": 1.4, "alcohol": 1.4}, symptoms=("heartburn", "nausea"), complaint=1.2, follow_up=0.4,
        ladder=(Line(("famotidine", "omeprazole")), Line(("omeprazole", "pantoprazole"), severity=0.4))),
    "peptic_ulcer": Condition(
        ((0, "peptic_ulcer"),), 0.0012, 0.02, start=0.3, progress=0.03, causes={"ibuprofen": 6.0, "naproxen": 6.0, "meloxicam": 3.0, "aspirin": 2.0, "smoking": 1.8, "alcohol": 1.6},
        drivers={"omeprazole": -2.0, "pantoprazole": -2.0}, symptoms=("abdominal_pain", "nausea"), complaint=1.6, work_up=("blood_count", "stool"), follow_up=0.6, panels=(("blood_count", 0.4),),
        ladder=(Line(("pantoprazole", "omeprazole"), 0.6),)),
    "anemia": Condition(
        ((0, "anemia"), (0.3, "iron_deficiency")), 0.005, -0.005, male=0.35, youngest=12, start=0.25, progress=0.05, causes={"peptic_ulcer": 4.0, "colon_cancer": 8.0, "aspirin": 1.4, "warfarin": 1.5},
        drivers={"ferrous_sulfate": -2.0}, found_by=(("hemoglobin", 0, 11.4),), symptoms=("fatigue", "dizziness"), complaint=1.0, work_up=("blood_count", "iron"), follow_up=0.8,
        panels=(("blood_count", 0.8), ("iron", 0.5)), ladder=(Line(("ferrous_sulfate",), 0.5),)),
    "dementia": Condition(
        ((0, "dementia"), (0.4, "alzheimers")), 0.0015, 0.11, youngest=55, start=0.2, progress=0.07, causes={"stroke_damage": 3.0, "diabetes": 1.5, "hypertension": 1.4, "liability_memory": 4.0}, found_by=(("mmse", 0, 23),),
        symptoms=("memory_loss",), complaint=1.2, work_up=("cognition", "thyroid", "vitamin", "ct_head"), follow_up=1.0, panels=(("cognition", 0.5), ("falls", 0.4)),
        ladder=(Line(("donepezil",), 0.15), Line(("memantine",), 0.1, "mmse", 0, 19), Line(("quetiapine",), severity=0.5)), deadly=0.15),
    "migraine": Condition(
        ((0, "migraine"),), 0.0028, -0.04, youngest=10, male=0.4, start=0.3, progress=0.012, symptoms=("headache", "nausea"), complaint=1.6, work_up=("pain",), follow_up=0.8, panels=(("pain", 0.5),),
        ladder=(Line(("sumatriptan",)), Line(("topiramate", "propranolol"), severity=0.35))),
    "epilepsy": Condition(
        ((0, "epilepsy"),), 0.0008, 0.0, youngest=1, start=0.35, progress=0.01, causes={"stroke_damage": 6.0, "alcoholism": 3.0}, symptoms=("dizziness", "headache"), complaint=1.6, work_up=("eeg", "ct_head", "basic"),
        follow_up=1.1, panels=(("eeg", 0.15), ("basic", 0.25)), ladder=(Line(("levetiracetam", "lamotrigine"), 0.3), Line(("lamotrigine", "topiramate"), 0.1, severity=0.45)), deadly=0.006),
    "prostate_hyperplasia": Condition(
        ((0, "prostate_hyperplasia"),), 0.02, 0.05, youngest=40, sex="M", start=0.2, progress=0.04, symptoms=("urinary_retention",), complaint=1.2, work_up=("prostate", "urinalysis"), follow_up=0.5,
        panels=(("prostate", 0.5), ("urinalysis", 0.2)), ladder=(Line(("tamsulosin",)), Line(("finasteride",), 0.3, "psa", 2.5))),
    "allergy": Condition(
        ((0, "allergic_rhinitis"),), 0.0045, -0.03, youngest=2, start=0.3, progress=0.0, causes={"liability_immune": 1.8}, symptoms=("cough", "headache"), complaint=0.7, follow_up=0.4,
        ladder=(Line(("loratadine", "cetirizine")), Line(("fluticasone",), severity=0.35))),
    "breast_cancer": Condition(
        ((0, "breast_cancer"),), 0.003, 0.035, youngest=30, sex="F", start=0.2, progress=0.06, causes={"obesity": 1.4, "alcohol": 1.5, "liability_cancer": 3.0}, found_by=(("mammogram", 0, 0),),
        symptoms=("fatigue",), complaint=0.4, work_up=("mammogram",), follow_up=2.2, panels=(("blood_count", 0.5), ("liver", 0.3), ("mammogram", 0.15)),
        advice=("breast_biopsy", "lumpectomy", "radiotherapy"), ladder=(Line(("tamoxifen", "anastrozole"), 0.9),), deadly=0.1),
    "colon_cancer": Condition(
        ((0, "colon_cancer"),), 0.0018, 0.05, youngest=35, start=0.2, progress=0.08, causes={"colon_polyp": 5.0, "obesity": 1.4, "alcohol": 1.5, "smoking": 1.4, "liability_cancer": 2.5},
        found_by=(("colonoscopy", 0, 0),), symptoms=("bleeding_from_anus", "abdominal_pain", "fatigue"), complaint=1.2, work_up=("blood_count", "stool", "colonoscopy"), follow_up=2.2,
        panels=(("blood_count", 0.6), ("tumor_colon", 0.6), ("liver", 0.4), ("ct_abdomen", 0.2)), advice=("ct_abdomen", "colectomy"), deadly=0.18),
    "prostate_cancer": Condition(
        ((0, "prostate_cancer"),), 0.005, 0.06, youngest=45, sex="M", start=0.15, progress=0.04, causes={"liability_cancer": 2.5}, found_by=(("psa", 7, 9999),), follow_up=1.6,
        panels=(("prostate", 0.85), ("blood_count", 0.2)), advice=("prostate_biopsy", "prostatectomy"), ladder=(Line(("leuprolide",), 0.7, "psa", 9),), deadly=0.06),
    "lung_cancer": Condition(
        ((0, "lung_cancer"),), 0.0004, 0.06, youngest=40, start=0.25, progress=0.16, causes={"smoking": 25.0, "copd": 2.5}, symptoms=("cough", "hemoptysis", "chest_pain"), complaint=1.8,
        work_up=("chest_xray", "bronchoscopy", "blood_count"), follow_up=2.5, panels=(("blood_count", 0.6), ("chest_xray", 0.4), ("basic", 0.4)), advice=("bronchoscopy", "radiotherapy"),
        ladder=(Line(("pembrolizumab",), 0.3), Line(("morphine", "oxycodone"), severity=0.6)), deadly=0.35),
}

AFTER = {
    "retinopathy": ("diabetes", 0.05),
    "neuropathy": ("diabetes", 0.06),
}
"""Conditions that exist only after another one: yearly hazard at severity 1 of that one."""

CHEMOTHERAPY = {
    "breast_cancer": ("paclitaxel", "doxorubicin"),
    "colon_cancer": ("oxaliplatin", "leucovorin", "fluorouracil"),
    "lung_cancer": ("carboplatin", "paclitaxel"),
}
"""Infusions given about every three weeks for a course after the diagnosis."""

LIABILITIES = ("liability_heart", "liability_sugar", "liability_kidney", "liability_mood", "liability_immune", "liability_memory", "liability_cancer")

DRUG_CLASSES = (
    {"lisinopril", "enalapril", "losartan"},
    {"atorvastatin", "simvastatin", "rosuvastatin"},
    {"metoprolol", "carvedilol", "propranolol"},
    {"ibuprofen", "naproxen", "meloxicam"},
    {"sertraline", "escitalopram", "fluoxetine"},
    {"omeprazole", "pantoprazole", "famotidine"},
    {"warfarin", "apixaban"},
)
"""Within a class a person takes one drug at a time: a new one replaces the old one."""

SWITCHES_CLASS = {"rosuvastatin", "carvedilol"}
"""Drugs that a clinician prefers over another of the class when a ladder asks for them; other classmates are kept as they are."""

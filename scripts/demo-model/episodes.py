"""Acute events, minor complaints and life events: tables only, no code.

Rates are per year; `causes` multiply them as in conditions.py.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Emergency:
    """A sudden event that leads to the emergency room and often to a stay."""

    code: str
    rate: float  # per year at the age of 50
    slope: float = 0.03
    male: float = 1.0
    causes: dict[str, float] = field(default_factory=dict)
    requires: str = ""  # a condition without which it cannot happen
    symptoms: tuple[str, ...] = ()
    work_up: tuple[str, ...] = ()
    state: str = ""  # the transient state that moves the measurements during the episode
    acts: tuple[tuple[str, float], ...] = ()  # (drug or procedure, probability)
    admitted: float = 0.9
    days: float = 4.0
    daily: tuple[str, ...] = ("basic", "blood_count")
    intensive: float = 0.05
    fatality: float = 0.02
    leaves: str = ""  # a lasting level set to 1 afterwards
    reveals: str = ""  # a condition that is now known, and begins if it was not there
    worsens: tuple[tuple[str, float], ...] = ()  # lasting damage: (condition, severity added)


EMERGENCIES = {
    "heart_attack": Emergency(
        "myocardial_infarction",
        0.0032,
        0.03,
        causes={"coronary_disease": 40.0, "smoking": 1.8, "aspirin": 0.7, "atorvastatin": 0.7},
        symptoms=("chest_pain", "dyspnea"),
        work_up=("ecg", "infarction", "basic", "blood_count"),
        state="heart_attack",
        acts=(("aspirin", 0.9), ("heparin", 0.8), ("coronary_intervention", 0.6), ("clopidogrel", 0.7), ("bypass_graft", 0.1)),
        days=4,
        daily=("infarction", "basic"),
        intensive=0.35,
        fatality=0.08,
        leaves="infarct_history",
        reveals="coronary_disease",
    ),
    "stroke": Emergency(
        "stroke",
        0.0043,
        0.06,
        causes={
            "atrial_fibrillation": 6.0,
            "hypertension": 4.0,
            "diabetes": 1.8,
            "smoking": 1.8,
            "warfarin": 0.5,
            "apixaban": 0.4,
            "aspirin": 0.8,
        },
        symptoms=("dizziness", "headache"),
        work_up=("ct_head", "ecg", "basic", "clotting", "lipids"),
        acts=(("alteplase", 0.15), ("aspirin", 0.7), ("physical_therapy", 0.6), ("clopidogrel", 0.3)),
        days=5,
        daily=("basic", "falls"),
        intensive=0.2,
        fatality=0.1,
        leaves="stroke_damage",
    ),
    "transient_ischemic_attack": Emergency(
        "transient_ischemic_attack",
        0.0038,
        0.06,
        causes={"atrial_fibrillation": 4.0, "hypertension": 3.0, "smoking": 1.6},
        symptoms=("dizziness",),
        work_up=("ct_head", "ecg", "basic"),
        acts=(("aspirin", 0.7),),
        admitted=0.5,
        days=2,
        fatality=0.0,
    ),
    "heart_failure_crisis": Emergency(
        "chronic_heart_failure",
        0.9,
        0.0,
        requires="heart_failure",
        causes={"furosemide": 0.6, "carvedilol": 0.8, "ibuprofen": 1.6, "ckd": 1.6},
        symptoms=("dyspnea", "edema"),
        work_up=("heart", "basic", "chest_xray", "infarction"),
        acts=(("furosemide", 0.95), ("potassium_chloride", 0.4), ("home_oxygen", 0.1)),
        days=5,
        daily=("basic", "electrolytes"),
        intensive=0.1,
        fatality=0.05,
        reveals="heart_failure",
        worsens=(("heart_failure", 0.04),),
    ),
    "copd_crisis": Emergency(
        "copd",
        0.8,
        0.0,
        requires="copd",
        causes={"tiotropium": 0.7, "smoking": 1.4},
        symptoms=("dyspnea", "wheezing", "cough"),
        work_up=("chest_xray", "blood_gas", "blood_count", "basic"),
        state="infection",
        acts=(("nebulizer", 0.8), ("ipratropium", 0.6), ("methylprednisolone", 0.7), ("azithromycin", 0.5)),
        admitted=0.6,
        days=4,
        intensive=0.12,
        fatality=0.04,
        reveals="copd",
    ),
    "asthma_crisis": Emergency(
        "asthma",
        0.25,
        0.0,
        requires="asthma",
        causes={"fluticasone": 0.6, "smoking": 1.5},
        symptoms=("wheezing", "dyspnea"),
        work_up=("chest_xray",),
        acts=(("nebulizer", 0.9), ("prednisone", 0.6), ("ipratropium", 0.4)),
        admitted=0.25,
        days=2,
        fatality=0.002,
        reveals="asthma",
    ),
    "pneumonia": Emergency(
        "pneumonia",
        0.022,
        0.045,
        causes={
            "copd": 5.0,
            "dementia": 3.0,
            "smoking": 1.6,
            "chemotherapy": 4.0,
            "heart_failure": 2.0,
            "prednisone": 1.6,
            "alcoholism": 2.0,
        },
        symptoms=("cough", "fever", "dyspnea"),
        work_up=("chest_xray", "blood_count", "basic", "infection", "influenza"),
        state="infection",
        acts=(("ceftriaxone", 0.7), ("azithromycin", 0.7), ("levofloxacin", 0.25), ("intravenous_fluids", 0.4)),
        admitted=0.65,
        days=5,
        intensive=0.1,
        fatality=0.05,
    ),
    "sepsis": Emergency(
        "sepsis",
        0.0049,
        0.05,
        causes={"chemotherapy": 8.0, "cirrhosis": 5.0, "ckd": 3.0, "diabetes": 1.8, "dementia": 2.5, "adalimumab": 1.6},
        symptoms=("fever", "nausea"),
        work_up=("infection", "blood_count", "differential", "basic", "liver", "clotting"),
        state="sepsis",
        acts=(
            ("intravenous_fluids", 0.95),
            ("vancomycin", 0.8),
            ("piperacillin", 0.8),
            ("norepinephrine", 0.35),
            ("intubation", 0.15),
            ("propofol", 0.15),
            ("fentanyl", 0.15),
        ),
        days=8,
        daily=("basic", "blood_count", "infection"),
        intensive=0.5,
        fatality=0.16,
        leaves="kidney_history",
        worsens=(("ckd", 0.05),),
    ),
    "kidney_injury": Emergency(
        "acute_kidney_injury",
        0.0065,
        0.04,
        causes={"ckd": 12.0, "ibuprofen": 2.5, "lisinopril": 1.3, "furosemide": 1.4, "heart_failure": 2.5, "diabetes": 1.6},
        symptoms=("nausea", "fatigue"),
        work_up=("basic", "urinalysis", "electrolytes"),
        state="kidney_injury",
        acts=(("intravenous_fluids", 0.8), ("dialysis_start", 0.06)),
        admitted=0.85,
        days=4,
        daily=("basic", "electrolytes"),
        fatality=0.03,
        leaves="kidney_history",
        worsens=(("ckd", 0.08),),
    ),
    "kidney_infection": Emergency(
        "pyelonephritis",
        0.0065,
        0.01,
        male=0.3,
        causes={"diabetes": 2.5, "prostate_hyperplasia": 3.0, "pregnant": 2.5},
        symptoms=("fever", "abdominal_pain"),
        work_up=("urinalysis", "urine_culture", "blood_count", "basic"),
        state="urinary_infection",
        acts=(("ceftriaxone", 0.8), ("ciprofloxacin", 0.3), ("intravenous_fluids", 0.5)),
        admitted=0.5,
        days=3,
        fatality=0.01,
    ),
    "bleeding": Emergency(
        "gi_hemorrhage",
        0.0032,
        0.04,
        causes={
            "peptic_ulcer": 14.0,
            "cirrhosis": 10.0,
            "warfarin": 3.0,
            "apixaban": 2.0,
            "aspirin": 1.6,
            "ibuprofen": 2.2,
            "naproxen": 2.2,
            "omeprazole": 0.5,
            "pantoprazole": 0.5,
            "colon_cancer": 4.0,
        },
        symptoms=("bleeding_from_anus", "dizziness"),
        work_up=("blood_count", "clotting", "basic", "stool"),
        state="hemorrhage",
        acts=(("pantoprazole", 0.9), ("transfusion", 0.55), ("intravenous_fluids", 0.7), ("colonoscopy", 0.3)),
        days=4,
        daily=("blood_count", "basic"),
        intensive=0.15,
        fatality=0.05,
        worsens=(("anemia", 0.15),),
    ),
    "lung_clot": Emergency(
        "pulmonary_embolism",
        0.0032,
        0.03,
        causes={"breast_cancer": 4.0, "colon_cancer": 5.0, "lung_cancer": 6.0, "obesity": 1.8, "norgestimate": 3.0, "hip_history": 3.0},
        symptoms=("dyspnea", "chest_pain"),
        work_up=("clot", "infarction", "basic", "ecg"),
        state="clot",
        acts=(("deep_vein_thrombosis", 0.4), ("heparin", 0.6), ("enoxaparin", 0.5), ("apixaban", 0.6)),
        days=4,
        fatality=0.05,
    ),
    "hip_fracture": Emergency(
        "hip_fracture",
        0.0022,
        0.09,
        male=0.6,
        causes={"osteoporosis": 8.0, "dementia": 3.0, "alcoholism": 2.0, "lorazepam": 1.8, "stroke_damage": 1.8, "alendronate": 0.6},
        symptoms=(),
        work_up=("blood_count", "basic", "pain"),
        state="injury",
        acts=(("cefazolin", 0.7), ("hip_replacement", 0.7), ("morphine", 0.7), ("enoxaparin", 0.7), ("physical_therapy", 0.7)),
        days=6,
        daily=("blood_count",),
        fatality=0.05,
        leaves="hip_history",
        reveals="osteoporosis",
    ),
    "gallbladder": Emergency(
        "cholecystitis",
        0.011,
        0.01,
        male=0.6,
        causes={"obesity": 2.5, "pregnant": 2.0},
        symptoms=("abdominal_pain", "nausea"),
        work_up=("liver", "blood_count", "basic"),
        state="gallstone",
        acts=(("gallstone", 0.7), ("piperacillin", 0.5), ("cholecystectomy", 0.75), ("ondansetron", 0.5), ("morphine", 0.4)),
        days=3,
        daily=("liver",),
        fatality=0.005,
    ),
    "appendix": Emergency(
        "appendicitis",
        0.0038,
        -0.03,
        symptoms=("abdominal_pain", "fever"),
        work_up=("blood_count", "ct_abdomen"),
        state="infection",
        acts=(("cefazolin", 0.8), ("appendectomy", 0.95), ("ondansetron", 0.4), ("morphine", 0.5)),
        days=2,
        daily=("blood_count",),
        fatality=0.001,
    ),
    "low_sugar": Emergency(
        "hypoglycemia",
        0.05,
        0.02,
        requires="diabetes",
        causes={"insulin_glargine": 4.0, "insulin_lispro": 3.0, "glipizide": 2.5, "glimepiride": 2.5, "ckd": 2.0},
        symptoms=("dizziness",),
        work_up=("basic",),
        admitted=0.2,
        days=2,
        fatality=0.004,
        reveals="diabetes",
    ),
    "high_potassium": Emergency(
        "hyperkalemia",
        0.06,
        0.0,
        requires="ckd",
        causes={"spironolactone": 3.0, "lisinopril": 1.6, "losartan": 1.6},
        symptoms=("fatigue", "palpitations"),
        work_up=("basic", "ecg"),
        admitted=0.6,
        days=2,
        daily=("basic",),
        fatality=0.02,
        reveals="ckd",
    ),
    "chest_pain": Emergency(
        "chest_pain",
        0.036,
        0.01,
        causes={"anxiety": 2.5, "coronary_disease": 3.0, "reflux": 1.6},
        work_up=("ecg", "infarction", "basic"),
        acts=(("aspirin", 0.3),),
        admitted=0.12,
        days=1,
        fatality=0.001,
    ),
    "fall": Emergency(
        "forearm_fracture",
        0.027,
        0.02,
        causes={"osteoporosis": 5.0, "dementia": 2.5, "alcoholism": 2.0},
        work_up=("pain",),
        state="injury",
        acts=(("bone_immobilization", 0.8), ("acetaminophen", 0.4), ("rib_fracture", 0.1)),
        admitted=0.1,
        days=2,
        fatality=0.002,
    ),
    "concussion": Emergency(
        "concussion",
        0.022,
        -0.02,
        causes={"alcohol": 1.8},
        symptoms=("headache",),
        work_up=("ct_head",),
        state="injury",
        admitted=0.08,
        days=1,
        fatality=0.001,
    ),
}


@dataclass(frozen=True)
class Complaint:
    """A minor acute illness or injury seen in the practice, or in the emergency room with probability `emergency`."""

    code: str
    rate: float
    slope: float = 0.0
    male: float = 1.0
    youngest: float = 0
    causes: dict[str, float] = field(default_factory=dict)
    symptoms: tuple[str, ...] = ()
    tests: tuple[tuple[str, float], ...] = ()
    drugs: tuple[tuple[str, float], ...] = ()
    state: str = ""
    emergency: float = 0.05


COMPLAINTS = {
    "sinusitis": Complaint(
        "viral_sinusitis",
        0.09,
        -0.005,
        symptoms=("headache",),
        drugs=(("acetaminophen", 0.3), ("amoxicillin", 0.3)),
        causes={"allergy": 2.0},
    ),
    "pharyngitis": Complaint(
        "viral_pharyngitis",
        0.08,
        -0.02,
        symptoms=("fever",),
        tests=(("throat_culture", 0.4),),
        drugs=(("acetaminophen", 0.3),),
        state="infection",
    ),
    "strep": Complaint(
        "strep_throat",
        0.015,
        -0.045,
        symptoms=("fever",),
        tests=(("throat_culture", 0.8),),
        drugs=(("penicillin_v", 0.5), ("amoxicillin", 0.5)),
        state="infection",
    ),
    "bronchitis": Complaint(
        "acute_bronchitis",
        0.06,
        0.005,
        symptoms=("cough",),
        tests=(("chest_xray", 0.25), ("influenza", 0.3)),
        drugs=(("albuterol", 0.15), ("azithromycin", 0.3), ("doxycycline", 0.1), ("oseltamivir", 0.08)),
        causes={"smoking": 2.2, "copd": 2.0},
        state="infection",
        emergency=0.1,
    ),
    "otitis": Complaint(
        "otitis_media", 0.012, -0.06, symptoms=("fever",), drugs=(("amoxicillin", 0.8), ("ibuprofen", 0.2)), state="infection"
    ),
    "urinary": Complaint(
        "urinary_infection",
        0.05,
        0.01,
        male=0.2,
        youngest=5,
        tests=(("urinalysis", 0.9), ("urine_culture", 0.6)),
        drugs=(("nitrofurantoin", 0.5), ("cotrimoxazole", 0.35), ("ciprofloxacin", 0.1)),
        causes={"diabetes": 2.0, "prostate_hyperplasia": 4.0, "pregnant": 2.0, "dementia": 2.0, "empagliflozin": 1.6},
        state="urinary_infection",
        emergency=0.12,
    ),
    "back_pain": Complaint(
        "low_back_pain",
        0.07,
        0.005,
        youngest=15,
        tests=(("pain", 0.6), ("physical_therapy", 0.3)),
        drugs=(("ibuprofen", 0.35), ("naproxen", 0.25), ("cyclobenzaprine", 0.3)),
        causes={"obesity": 1.6, "osteoarthritis": 1.8},
        state="back_pain",
        emergency=0.08,
    ),
    "chronic_back": Complaint(
        "chronic_back_pain",
        0.015,
        0.02,
        youngest=30,
        tests=(("pain", 0.7), ("physical_therapy", 0.5)),
        drugs=(("gabapentin", 0.2), ("tramadol", 0.25), ("meloxicam", 0.3)),
        causes={"obesity": 1.6, "depression": 2.0},
        state="back_pain",
    ),
    "ankle": Complaint(
        "ankle_sprain",
        0.025,
        -0.02,
        youngest=6,
        tests=(("ankle_xray", 0.5), ("pain", 0.4)),
        drugs=(("ibuprofen", 0.5),),
        state="injury",
        emergency=0.3,
    ),
    "wrist": Complaint(
        "wrist_sprain",
        0.014,
        -0.01,
        youngest=6,
        tests=(("pain", 0.4), ("bone_immobilization", 0.3)),
        drugs=(("naproxen", 0.4),),
        state="injury",
        emergency=0.3,
    ),
    "cut": Complaint(
        "hand_laceration",
        0.02,
        -0.01,
        youngest=3,
        tests=(("suture", 0.8), ("vaccine_td", 0.4)),
        drugs=(("cephalexin", 0.25),),
        state="injury",
        emergency=0.6,
    ),
    "ankle_break": Complaint(
        "ankle_fracture",
        0.004,
        0.0,
        youngest=6,
        tests=(("ankle_xray", 0.9), ("bone_immobilization", 0.9), ("pain", 0.6)),
        drugs=(("oxycodone", 0.4), ("acetaminophen", 0.4)),
        causes={"osteoporosis": 2.5},
        state="injury",
        emergency=0.7,
    ),
    "stomach": Complaint(
        "abdominal_pain",
        0.03,
        0.0,
        youngest=4,
        symptoms=("diarrhea", "nausea"),
        tests=(("basic", 0.4), ("blood_count", 0.4), ("ct_abdomen", 0.1)),
        drugs=(("ondansetron", 0.4), ("famotidine", 0.2)),
        emergency=0.35,
    ),
    "eczema": Complaint("atopic_dermatitis", 0.012, -0.04, drugs=(("hydrocortisone", 0.8),), causes={"allergy": 3.0}),
    "dermatitis": Complaint("contact_dermatitis", 0.02, -0.005, drugs=(("hydrocortisone", 0.6), ("prednisone", 0.15), ("cetirizine", 0.2))),
    "cataract": Complaint(
        "cataract", 0.006, 0.06, youngest=50, tests=(("eye_exam", 0.9),), causes={"diabetes": 2.0, "prednisone": 2.0}, emergency=0.0
    ),
}

CHILD_VACCINES = (
    (0.0, ("vaccine_hepb",)),
    (0.15, ("vaccine_dtap", "vaccine_polio", "vaccine_hib", "vaccine_pcv", "vaccine_rotavirus")),
    (1.0, ("vaccine_mmr", "vaccine_varicella", "vaccine_hepa")),
    (4.0, ("vaccine_dtap", "vaccine_polio", "vaccine_mmr")),
    (11.0, ("vaccine_tdap", "vaccine_hpv", "vaccine_meningococcal")),
)
"""(from this age, given once at a well-child visit)."""

CONTRACEPTIVES = ("norgestimate", "levonorgestrel", "medroxyprogesterone")

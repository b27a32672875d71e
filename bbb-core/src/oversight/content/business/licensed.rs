//! Trades that nobody may ply without a licence.

/// Trades that need a licence: the licence, and the words for them.
pub(super) const LICENSED: [(&str, &[&str]); 18] = [
    ("notary commission", &["notary|notaries|notarization|notarisation|notarize|notarise|notarizing|notarized|notarised"]),
    (
        "tax preparer PTIN and any state preparer registration",
        &[
            "tax|taxes preparation|preparer|preparers|prep|return|returns|filing|filings|advice|adviser|advisor|advisers|advisors|planning|consultant|consulting|resolution",
            "prepare|prepares|preparing|file|files|filing|do|doing ..3 tax|taxes",
        ],
    ),
    (
        "licence of a health care provider in each patient's state",
        &[
            "telemedicine|telehealth|psychotherapy|psychotherapist|psychotherapists|psychiatry|psychiatrist|psychiatrists|physiotherapy|acupuncture|dermatology|midwifery|midwife|optometry|orthodontics|dietitian|dietitians|botox",
            "online|virtual|video doctor|doctors|physician|physicians|nurse|nurses|therapist|therapists",
            "medical|doctor|clinical ..1 consultation|consultations|clinic|practice|advice|diagnosis|diagnoses|treatment|treatments|care|spa",
            "mental|behavioral health ..1 counseling|counselling|therapy|treatment|clinic|care",
            "therapy|counseling|counselling session|sessions|practice|clinic",
            "physical|speech|massage|couples|family|occupational|iv therapy|therapist|therapists",
            "dental clinic|care|services|treatment|implants|practice|whitening",
            "nursing|nurse|home|hospice care|agency|visits|health",
            "chiropractic care|clinic|adjustments|practice|treatment",
            "diagnose|diagnoses|diagnosing|prescribe|prescribes|prescribing|prescription|prescriptions",
            "veterinary clinic|practice|care|services|telehealth",
        ],
    ),
    ("pharmacy licence", &["pharmacy|pharmacies", "@sell ..3 medicine|medicines|medication|medications|antibiotics"]),
    (
        "real estate licence",
        &[
            "real estate agent|agents|agency|broker|brokers|brokerage|sales",
            "realtor|realtors|realty",
            "property|properties manager|managers|management|broker|brokers|brokerage",
            "sell|sells|selling|broker|brokering ..2 homes|houses|apartments|property|properties|condos ..1 for|on",
        ],
    ),
    (
        "insurance producer licence",
        &[
            "insurance agent|agents|agency|broker|brokers|brokerage|sales|policies|quotes|adjuster|adjusters|adjusting|advice",
            "@sell ..3 insurance",
        ],
    ),
    (
        "admission to practise law",
        &[
            "law firm|practice|office|clinic",
            "legal advice|services|representation|counsel|clinic|consultation|consultations|help|aid|defense|defence",
            "lawyer|lawyers|attorney|attorneys|solicitor|solicitors|paralegal|paralegals",
            "immigration advice|consulting|consultant|consultants|visa|applications|services",
            "divorce papers|filing|filings",
            "draft|drafts|drafting|write|writes|writing ..2 wills|contracts|lawsuits|trusts",
        ],
    ),
    (
        "investment adviser registration",
        &[
            "investment|financial|retirement|wealth|portfolio|pension advice|adviser|advisor|advisers|advisors|advisory|planning|planner|planners|management",
            "stock|crypto|trading|forex picks|tips|signals",
            "robo adviser|advisor|advisers|advisors",
            "hedge|mutual|investment fund|funds",
            "manage|manages|managing ..3 investments|portfolios|portfolio|savings",
        ],
    ),
    (
        "lending, collection or credit services licence",
        &[
            "payday|personal|business|consumer|student|car|micro|microfinance loan|loans|lending|lender",
            "mortgage|mortgages broker|brokers|brokerage|lending|lender|loan|loans|origination",
            "lend|lends|lending ..1 money",
            "debt collection|collections|collector|collectors|settlement|relief|consolidation",
            "credit repair",
        ],
    ),
    (
        "money transmitter licence",
        &[
            "money transfer|transfers|transmission|remittance|remittances",
            "remittance|remittances",
            "currency|crypto|bitcoin exchange|exchanges|wallet|custody",
        ],
    ),
    (
        "gambling licence",
        &[
            "casino|casinos|sportsbook|sportsbooks|betting|lottery|lotteries|gambling",
            "poker|bingo room|rooms|site|hall",
            "slot machine|machines",
        ],
    ),
    (
        "contractor licence of the trade",
        &[
            "electrician|electricians|plumber|plumbers|locksmith|locksmiths|roofer|roofers|exterminator|exterminators",
            "electrical|plumbing|hvac|roofing wiring|contractor|contracting|installation|installations|repair|repairs|service|services|work",
            "general contractor|contractors|contracting",
            "asbestos|mold|mould|lead removal|abatement|remediation",
            "pest control",
        ],
    ),
    (
        "private security or investigator licence",
        &[
            "private investigator|investigators|detective|detectives|investigation|investigations",
            "security guard|guards|patrol|patrols",
            "bail bonds|bond",
        ],
    ),
    (
        "child care licence",
        &["daycare|daycares|childcare|preschool|nursery|creche", "day|child care", "nanny|babysitting agency|service|services"],
    ),
    (
        "alcohol or tobacco licence",
        &[
            "@sell ..2 alcohol|liquor|wine|wines|beer|beers|spirits|whisky|whiskey|vodka|tobacco|cigarettes|cigars|vapes",
            "alcohol|liquor|wine|beer|spirits|tobacco|vape|cigar @sale|subscription|box|boxes|club|bar",
            "brewery|breweries|distillery|winery",
        ],
    ),
    (
        "carrier, broker or vehicle-for-hire authority",
        &[
            "taxi|taxis|limo|limousine|rideshare service|services|company|rides",
            "freight broker|brokers|brokerage|hauling",
            "trucking|moving company|service|services",
        ],
    ),
    (
        "cosmetology, massage or body art licence",
        &[
            "hair|nail|beauty salon|salons",
            "barber|barbers|barbershop|cosmetology|esthetician|estheticians",
            "tattoo|piercing studio|studios|parlor",
            "massage|massages",
        ],
    ),
    ("funeral establishment licence", &["funeral home|homes|services|service|director", "cremation|embalming"]),
];

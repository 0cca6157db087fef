//! Countries: the data's English names to ISO 3166-1 alpha-2.

use contracts::Country;
use std::borrow::Cow;

/// Every name that the whole data set (not only its first 1,500 invoices) uses for one country.
const CODES: [(&str, &str); 40] = [
    ("Australia", "AU"),
    ("Austria", "AT"),
    ("Bahrain", "BH"),
    ("Belgium", "BE"),
    ("Bermuda", "BM"),
    ("Brazil", "BR"),
    ("Canada", "CA"),
    // Two bailiwicks with a code each and none together: nobody can tell which one is meant, so all go to
    // Guernsey, which is served like Jersey.
    ("Channel Islands", "GG"),
    ("Cyprus", "CY"),
    ("Czech Republic", "CZ"),
    ("Denmark", "DK"),
    // Ireland, as the retailer's software called it.
    ("EIRE", "IE"),
    ("Finland", "FI"),
    ("France", "FR"),
    ("Germany", "DE"),
    ("Greece", "GR"),
    ("Hong Kong", "HK"),
    ("Iceland", "IS"),
    ("Israel", "IL"),
    ("Italy", "IT"),
    ("Japan", "JP"),
    ("Korea", "KR"),
    ("Lebanon", "LB"),
    ("Lithuania", "LT"),
    ("Malta", "MT"),
    ("Netherlands", "NL"),
    ("Nigeria", "NG"),
    ("Norway", "NO"),
    ("Poland", "PL"),
    ("Portugal", "PT"),
    ("RSA", "ZA"),
    ("Saudi Arabia", "SA"),
    ("Singapore", "SG"),
    ("Spain", "ES"),
    ("Sweden", "SE"),
    ("Switzerland", "CH"),
    ("Thailand", "TH"),
    ("USA", "US"),
    ("United Arab Emirates", "AE"),
    ("United Kingdom", "GB"),
];

/// The code of a country's name. None for what is no country ("Unspecified", "European Community"): nobody could
/// deliver there.
#[must_use]
pub fn country_of(name: &str) -> Option<Country> {
    let (_, code) = CODES.iter().find(|(known, _)| *known == name.trim())?;
    Country::try_from(Cow::Borrowed(*code)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_valid_code_and_what_is_no_country_has_none() {
        for (name, code) in CODES {
            assert_eq!(country_of(name).unwrap().as_str(), code);
        }
        assert_eq!(country_of("Unspecified"), None);
        assert_eq!(country_of("European Community"), None);
    }
}

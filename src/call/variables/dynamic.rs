//! Postman's dynamic variables: a new value wherever one stands. The common ones; what is missing here has no value.

use fake::{
    Fake,
    faker::{
        address::en as address, company::en as company, currency::en as currency, filesystem::en as filesystem,
        finance::en as finance, internet::en as internet, job::en as job, lorem::en as lorem, name::en as name,
    },
    rand::{RngExt, SeedableRng, rngs::ChaCha8Rng, seq::IndexedRandom},
};
use rand::RngCore;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ALPHANUMERIC: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The value of `$name`; `None` for a name that is not known.
pub(super) fn value(name: &str, now: OffsetDateTime, rng: &mut dyn RngCore) -> Option<String> {
    let name = name.strip_prefix('$')?;
    match name {
        "timestamp" => return Some(now.unix_timestamp().to_string()),
        "isoTimestamp" => return Some(iso(now)),
        _ => {}
    }
    let name = if name == "guid" { "UUID" } else { name.strip_prefix("random")? };
    // `fake` is upon another version of `rand`.
    let rng = &mut ChaCha8Rng::seed_from_u64(rng.next_u64());
    Some(match name {
        "UUID" => uuid::Builder::from_random_bytes(rng.random()).into_uuid().to_string(),
        "AlphaNumeric" => char::from(ALPHANUMERIC[rng.random_range(0..ALPHANUMERIC.len())]).to_string(),
        "Boolean" => rng.random_bool(0.5).to_string(),
        "Int" => rng.random_range(0..=1000).to_string(),
        "Price" => format!("{}.{:02}", rng.random_range(0..1000), rng.random_range(0..100)),
        "HexColor" => format!("#{:06x}", rng.random_range(0..1 << 24)),
        "Color" => ["red", "green", "blue", "white", "black", "grey", "yellow", "violet"].choose(rng)?.to_string(),
        "Abbreviation" => ["SQL", "HTTP", "JSON", "SSL", "TCP", "XML", "PCI", "RAM"].choose(rng)?.to_string(),

        "IP" => internet::IPv4().fake_with_rng(rng),
        "IPV6" => internet::IPv6().fake_with_rng::<String, _>(rng).to_lowercase(),
        "MACAddress" => internet::MACAddress().fake_with_rng::<String, _>(rng).to_lowercase(),
        "Password" => (0..15).map(|_| char::from(ALPHANUMERIC[rng.random_range(0..ALPHANUMERIC.len())])).collect(),
        "UserAgent" => internet::UserAgent().fake_with_rng(rng),
        "Email" => internet::FreeEmail().fake_with_rng(rng),
        "ExampleEmail" => internet::SafeEmail().fake_with_rng(rng),
        "UserName" => internet::Username().fake_with_rng(rng),
        "Protocol" => ["http", "https"].choose(rng)?.to_string(),
        "DomainSuffix" => internet::DomainSuffix().fake_with_rng(rng),
        "DomainWord" => lorem::Word().fake_with_rng(rng),
        "DomainName" => domain(rng),
        "Url" => format!("https://{}", domain(rng)),
        "Locale" => address::CountryCode().fake_with_rng::<String, _>(rng).to_lowercase(),

        "FirstName" => name::FirstName().fake_with_rng(rng),
        "LastName" => name::LastName().fake_with_rng(rng),
        "FullName" => name::Name().fake_with_rng(rng),
        "NamePrefix" => name::Title().fake_with_rng(rng),
        "NameSuffix" => name::Suffix().fake_with_rng(rng),
        "JobArea" => job::Field().fake_with_rng(rng),
        "JobDescriptor" => job::Seniority().fake_with_rng(rng),
        "JobTitle" => job::Title().fake_with_rng(rng),
        "JobType" => job::Position().fake_with_rng(rng),
        "PhoneNumber" => digits("###-###-####", rng),
        "PhoneNumberExt" => format!("{}-{}", rng.random_range(1..=99), digits("###-###-####", rng)),
        "City" => address::CityName().fake_with_rng(rng),
        "StreetName" => address::StreetName().fake_with_rng(rng),
        "StreetAddress" => {
            let street: String = address::StreetName().fake_with_rng(rng);
            format!("{} {street}", rng.random_range(1..=9999))
        }
        "Country" => address::CountryName().fake_with_rng(rng),
        "CountryCode" => address::CountryCode().fake_with_rng(rng),
        "Latitude" => format!("{:.4}", rng.random_range(-90.0..90.0)),
        "Longitude" => format!("{:.4}", rng.random_range(-180.0..180.0)),

        "CompanyName" => company::CompanyName().fake_with_rng(rng),
        "CompanySuffix" => company::CompanySuffix().fake_with_rng(rng),
        "CatchPhrase" => company::CatchPhrase().fake_with_rng(rng),
        "Bs" => company::Bs().fake_with_rng(rng),
        "CurrencyCode" => currency::CurrencyCode().fake_with_rng(rng),
        "CurrencyName" => currency::CurrencyName().fake_with_rng(rng),
        "CurrencySymbol" => currency::CurrencySymbol().fake_with_rng(rng),
        "BankAccount" => digits("########", rng),
        "BankAccountBic" => finance::Bic().fake_with_rng(rng),
        "CreditCardMask" => digits("####", rng),

        "DatePast" => iso(now - seconds(365, rng)),
        "DateFuture" => iso(now + seconds(365, rng)),
        "DateRecent" => iso(now - seconds(1, rng)),
        "Month" => MONTHS.choose(rng)?.to_string(),
        "Weekday" => WEEKDAYS.choose(rng)?.to_string(),

        "Word" | "Noun" | "LoremWord" => lorem::Word().fake_with_rng(rng),
        "Words" => words(2..6, rng),
        "LoremWords" => words(3..4, rng),
        "LoremSlug" => words(3..4, rng).replace(' ', "-"),
        "LoremSentence" => lorem::Sentence(3..10).fake_with_rng(rng),
        "LoremSentences" => lorem::Sentences(2..7).fake_with_rng::<Vec<String>, _>(rng).join(" "),
        "LoremParagraph" => lorem::Paragraph(3..6).fake_with_rng(rng),
        "LoremParagraphs" => lorem::Paragraphs(3..4).fake_with_rng::<Vec<String>, _>(rng).join("\n \r"),
        "FileName" => filesystem::FileName().fake_with_rng(rng),
        "FileExt" => filesystem::FileExtension().fake_with_rng(rng),
        "FilePath" => filesystem::FilePath().fake_with_rng(rng),
        "DirectoryPath" => filesystem::DirPath().fake_with_rng(rng),
        "MimeType" => filesystem::MimeType().fake_with_rng(rng),
        "Semver" => filesystem::SemverStable().fake_with_rng(rng),
        _ => return None,
    })
}

fn iso(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    // Always with three digits, as JavaScript writes it.
    let whole = at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default();
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), at.millisecond())
}

/// At least one, less than so many days.
fn seconds(days: i64, rng: &mut ChaCha8Rng) -> Duration {
    Duration::seconds(rng.random_range(1..days * 86_400))
}

fn digits(form: &str, rng: &mut ChaCha8Rng) -> String {
    form.chars().map(|c| if c == '#' { char::from(b'0' + rng.random_range(0..10u8)) } else { c }).collect()
}

fn words(count: std::ops::Range<usize>, rng: &mut ChaCha8Rng) -> String {
    lorem::Words(count).fake_with_rng::<Vec<String>, _>(rng).join(" ")
}

fn domain(rng: &mut ChaCha8Rng) -> String {
    let (word, suffix): (String, String) =
        (lorem::Word().fake_with_rng(rng), internet::DomainSuffix().fake_with_rng(rng));
    format!("{word}.{suffix}")
}

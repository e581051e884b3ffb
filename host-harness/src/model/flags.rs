//! Serialisation of the two sets of flags, which the generated code leaves out: a list of names.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::erp::{AddressUse, FieldGroups};

#[derive(Serialize, Deserialize)]
enum Use {
    BillTo,
    ShipTo,
    Main,
}

#[derive(Serialize, Deserialize)]
enum Group {
    Addresses,
    Exemptions,
}

impl Serialize for AddressUse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = [(Self::BILL_TO, Use::BillTo), (Self::SHIP_TO, Use::ShipTo), (Self::MAIN, Use::Main)];
        serializer.collect_seq(all.into_iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name))
    }
}

impl<'de> Deserialize<'de> for AddressUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<Use>::deserialize(deserializer)?;
        Ok(names.into_iter().fold(Self::empty(), |all, name| {
            all | match name {
                Use::BillTo => Self::BILL_TO,
                Use::ShipTo => Self::SHIP_TO,
                Use::Main => Self::MAIN,
            }
        }))
    }
}

impl Serialize for FieldGroups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = [(Self::ADDRESSES, Group::Addresses), (Self::EXEMPTIONS, Group::Exemptions)];
        serializer.collect_seq(all.into_iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name))
    }
}

impl<'de> Deserialize<'de> for FieldGroups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<Group>::deserialize(deserializer)?;
        Ok(names.into_iter().fold(Self::empty(), |all, name| {
            all | match name {
                Group::Addresses => Self::ADDRESSES,
                Group::Exemptions => Self::EXEMPTIONS,
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_written_as_a_list_of_names_and_read_back() {
        let both = AddressUse::BILL_TO | AddressUse::MAIN;
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(text, r#"["BillTo","Main"]"#);
        assert_eq!(serde_json::from_str::<AddressUse>(&text).unwrap(), both);
        let group = FieldGroups::EXEMPTIONS;
        assert_eq!(
            serde_json::from_str::<FieldGroups>(&serde_json::to_string(&group).unwrap()).unwrap(),
            group
        );
        assert!(serde_json::from_str::<AddressUse>(r#"["Elsewhere"]"#).is_err());
    }
}

{{ gate }}impl serde::Serialize for {{ type_name }} {
    fn serialize<T: serde::Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.serialize_str(self.as_str())
    }
}

{{ gate }}impl<'de> serde::Deserialize<'de> for {{ type_name }} {
    fn deserialize<T: serde::Deserializer<'de>>(deserializer: T) -> Result<Self, T::Error> {
        struct Value;

        impl serde::de::Visitor<'_> for Value {
            type Value = S;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a status of {}", S::MACHINE)
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<S, E> {
                value.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Value)
    }
}

{{ gate }}impl<T: AsRef<str>> serde::Serialize for Stored<T> {
    fn serialize<U: serde::Serializer>(&self, serializer: U) -> Result<U::Ok, U::Error> {
        serializer.serialize_str(self.as_str())
    }
}

{{ gate }}impl<'de, T: AsRef<str> + serde::Deserialize<'de>> serde::Deserialize<'de> for Stored<T> {
    fn deserialize<U: serde::Deserializer<'de>>(deserializer: U) -> Result<Self, U::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}


//! Signatures of tokens by `ring`, which TLS brings along: no second implementation of them is built in.

use jsonwebtoken::crypto::{CryptoProvider, JwkUtils, JwtSigner, JwtVerifier};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Failed, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaKeyPair,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

/// Has tokens signed and verified so. Where the application chose another way before, that one is taken.
pub(super) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        jwk_utils: JwkUtils::new_unimplemented(),
    };
    let _ = PROVIDER.install_default();
}

/// How a public key verifies.
#[derive(Clone, Copy)]
enum How {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

fn how(algorithm: Algorithm) -> Option<How> {
    Some(match algorithm {
        Algorithm::RS256 => How::Rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => How::Rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => How::Rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => How::Rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => How::Rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => How::Rsa(&RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => How::Curve(&ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => How::Curve(&ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => How::Curve(&ED25519),
        // A secret of both sides signs nothing here.
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return None,
    })
}

struct Verifies {
    algorithm: Algorithm,
    how: How,
    key: DecodingKey,
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let how = how(*algorithm).filter(|_| algorithm.family() == key.family());
    let how = how.ok_or(ErrorKind::InvalidAlgorithm)?;
    Ok(Box::new(Verifies { algorithm: *algorithm, how, key: key.clone() }))
}

impl Verifier<Vec<u8>> for Verifies {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Failed> {
        let verified = match (self.key.kind(), self.how) {
            (DecodingKeyKind::RsaModulusExponent { n, e }, How::Rsa(parameters)) => {
                let key = RsaPublicKeyComponents { n: number(n), e: number(e) };
                key.verify(parameters, message, signature)
            }
            (DecodingKeyKind::SecretOrDer(key), How::Rsa(parameters)) => {
                UnparsedPublicKey::new(parameters, key).verify(message, signature)
            }
            (DecodingKeyKind::SecretOrDer(key), How::Curve(algorithm)) => {
                UnparsedPublicKey::new(algorithm, key).verify(message, signature)
            }
            (DecodingKeyKind::RsaModulusExponent { .. }, How::Curve(_)) => {
                return Err(Failed::new());
            }
        };
        verified.map_err(|_| Failed::new())
    }
}

/// Some issuers write a zero in front of a number, which `ring` takes for none.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

impl JwtVerifier for Verifies {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// By an app's private key: no other token is signed here.
struct Signs(RsaKeyPair);

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    if *algorithm != Algorithm::RS256 || key.family() != AlgorithmFamily::Rsa {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let why = |error: ring::error::KeyRejected| ErrorKind::InvalidRsaKey(error.to_string());
    Ok(Box::new(Signs(RsaKeyPair::from_der(key.inner()).map_err(why)?)))
}

impl Signer<Vec<u8>> for Signs {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| Failed::new())
    }
}

impl JwtSigner for Signs {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// Whether a token of RFC 7515 is one by a key; and that it is none where a byte of it is another one.
    fn is_one(algorithm: Algorithm, key: &DecodingKey, token: &str) -> bool {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let verifies = verifier(&algorithm, key).unwrap();
        let signature = bytes(signature);
        assert!(verifies.verify(&[message.as_bytes(), b"x"].concat(), &signature).is_err());
        let mut other = signature.clone();
        other[7] ^= 1;
        assert!(verifies.verify(message.as_bytes(), &other).is_err());
        verifies.verify(message.as_bytes(), &signature).is_ok()
    }

    const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    #[test]
    fn verifies_what_the_standard_shows() {
        // RFC 7515, A.2 and A.3.
        let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
        let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.{signature}");
        let rsa = DecodingKey::from_rsa_components(n, "AQAB").unwrap();
        assert!(is_one(Algorithm::RS256, &rsa, &token));
        // With a zero in front of a number.
        let zero = [vec![0], bytes(n)].concat();
        let padded = DecodingKey::from_rsa_raw_components(&zero, &[0, 1, 0, 1]);
        assert!(is_one(Algorithm::RS256, &padded, &token));
        assert!(!is_one(Algorithm::RS384, &rsa, &token) && !is_one(Algorithm::PS256, &rsa, &token));

        let (x, y) = (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let token = format!("eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.{signature}");
        let curve = DecodingKey::from_ec_components(x, y).unwrap();
        assert!(is_one(Algorithm::ES256, &curve, &token));
        assert!(!is_one(Algorithm::ES384, &curve, &token));

        // RFC 8037, A.4 and A.5.
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
                     hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let curve =
            DecodingKey::from_ed_components("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert!(is_one(Algorithm::EdDSA, &curve, token));
    }

    #[test]
    fn takes_no_key_for_one_of_another_kind() {
        let secret = DecodingKey::from_secret(b"a secret of both sides");
        let rsa = DecodingKey::from_rsa_raw_components(&[1; 256], &[1, 0, 1]);
        for (algorithm, key) in [
            (Algorithm::HS256, &secret),
            (Algorithm::RS256, &secret),
            (Algorithm::HS256, &rsa),
            (Algorithm::ES256, &rsa),
        ] {
            assert!(verifier(&algorithm, key).is_err(), "{algorithm:?}");
        }
        assert!(signer(&Algorithm::RS256, &EncodingKey::from_secret(b"x")).is_err());
        assert!(signer(&Algorithm::HS256, &EncodingKey::from_secret(b"x")).is_err());
    }
}

//! A certificate authority of the test's own, with certificates good and bad.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// What a certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Everything is right.
    Good,
    /// It was good once.
    Expired,
    /// It is another host's.
    OtherHost,
}

/// Signs certificates; its files lie in a folder that goes with it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    folder: TempDir,
}

impl Authority {
    /// A new one, known to nobody.
    ///
    /// # Panics
    ///
    /// When the system has no randomness or no temporary folder.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let folder = tempfile::tempdir().unwrap();
        // Authorities of one name would be told apart by their signatures alone.
        params.distinguished_name.push(DnType::CommonName, folder.path().display().to_string());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        fs::write(folder.path().join("ca.pem"), &pem).unwrap();
        Self { issuer: Issuer::new(params, key), pem, folder }
    }

    /// Where its files lie: `ca.pem`, and those of [`client_files`](Self::client_files).
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of its own certificate.
    #[must_use]
    pub fn ca_file(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    /// TLS for a server on loopback; with `wants_client` it asks for a certificate of this
    /// authority.
    ///
    /// # Panics
    ///
    /// When a certificate cannot be made.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    pub fn server(&self, certificate: Certificate, wants_client: bool) -> ServerConfig {
        let names: &[&str] = match certificate {
            Certificate::OtherHost => &["other.example"],
            _ => &["localhost", "127.0.0.1", "::1"],
        };
        let (chain, key) = self.sign(names, certificate == Certificate::Expired);
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if wants_client {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .unwrap(),
            )
        } else {
            builder.with_no_client_auth()
        };
        let chain = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        builder.with_single_cert(vec![chain], key).unwrap()
    }

    /// Certificate and key of a client, in two files and in one: `client.pem`, `client.key`,
    /// `both.pem`.
    ///
    /// # Panics
    ///
    /// When they cannot be made or written.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    pub fn client_files(&self) -> [String; 3] {
        let (chain, key) = self.sign(&["client.example"], false);
        let texts = [chain.clone(), key.clone(), format!("{key}{chain}")];
        let names = ["client.pem", "client.key", "both.pem"];
        let paths = names.map(|name| self.folder.path().join(name));
        for (path, text) in paths.iter().zip(texts) {
            fs::write(path, text).unwrap();
        }
        paths.map(|path| path.display().to_string())
    }

    /// Certificate and key of a server on loopback: `server.pem`, `server.key`.
    ///
    /// # Panics
    ///
    /// When they cannot be made or written.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    pub fn server_files(&self) -> [String; 2] {
        let (chain, key) = self.sign(&["localhost", "127.0.0.1"], false);
        let paths = ["server.pem", "server.key"].map(|name| self.folder.path().join(name));
        fs::write(&paths[0], chain).unwrap();
        fs::write(&paths[1], key).unwrap();
        paths.map(|path| path.display().to_string())
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    fn sign(&self, names: &[&str], expired: bool) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A server that vouches for itself: its TLS and its certificate. With `may_sign` the certificate
/// says that it is an authority, as `openssl req -x509` has it.
///
/// # Panics
///
/// When a certificate cannot be made.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
pub fn self_signed(may_sign: bool, names: &[&str]) -> (ServerConfig, String) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "itself");
    if may_sign {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let pem = params.self_signed(&key).unwrap().pem();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    let chain = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    (builder.with_single_cert(vec![chain], key).unwrap(), pem)
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

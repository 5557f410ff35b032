//! A certificate authority of the sandbox's own and a certificate for loopback, made at every start and
//! whenever a new one is asked for. The authority's PEM file lies in a temporary directory that goes with
//! the sandbox; no key is ever written.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Signs the certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    names: Vec<String>,
    acceptor: Mutex<TlsAcceptor>,
}

impl Authority {
    /// What a connection that begins now is secured with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another certificate, with a key of its own.
    pub(crate) fn renew(&self) -> io::Result<()> {
        let acceptor = sign(&self.issuer, &self.names).map_err(io::Error::other)?;
        *self.acceptor.lock().unwrap_or_else(PoisonError::into_inner) = acceptor;
        Ok(())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// Makes both certificates, good for `host` too, and writes the authority's.
pub(crate) fn prepare(host: Option<&str>) -> io::Result<(Authority, TempDir)> {
    let names = ["localhost", "127.0.0.1", "::1"].into_iter().chain(host);
    let names = names.map(str::to_owned).collect();
    let (pem, authority) = make(names).map_err(io::Error::other)?;
    let directory = tempfile::Builder::new().prefix("seekauth-sandbox-").tempdir()?;
    std::fs::write(authority_file(&directory), pem)?;
    Ok((authority, directory))
}

/// Where the authority's certificate lies.
pub(crate) fn authority_file(directory: &TempDir) -> PathBuf {
    directory.path().join("ca.pem")
}

fn make(names: Vec<String>) -> Result<(String, Authority), Failure> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "seekauth sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let acceptor = Mutex::new(sign(&issuer, &names)?);
    Ok((pem, Authority { issuer, names, acceptor }))
}

fn sign(issuer: &Issuer<'static, KeyPair>, names: &[String]) -> Result<TlsAcceptor, Failure> {
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name.push(DnType::CommonName, "seekauth sandbox");
    leaf.use_authority_key_identifier_extension = true;
    leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = leaf.signed_by(&key, issuer)?;

    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

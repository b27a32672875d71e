//! TLS 1.3, and nothing older.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::TLS13;

use crate::config::ServerSection;
use crate::fault::Fault;

/// What speaks TLS; nothing where no certificate is configured. Reads files, and so blocks.
///
/// # Errors
/// [`Fault`] names the file that cannot be read or used.
pub(super) fn acceptor(server: &ServerSection) -> Result<Option<TlsAcceptor>, Fault> {
    if !server.has_tls() {
        return Ok(None);
    }
    let (chain, key) = (Path::new(&server.tls_certificate_file), Path::new(&server.tls_key_file));
    let certificates =
        CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| named(chain, &error))?;
    if certificates.is_empty() {
        return Err(Fault::usage(format!("{} has no certificate in PEM", chain.display())));
    }
    let metadata = fs::metadata(key).map_err(|error| Fault::file(key.display(), &error))?;
    if metadata.mode() & 0o077 != 0 {
        let key = key.display();
        return Err(Fault::usage(format!("{key} holds a private key and can be read by others; run: chmod 600 {key}")));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| named(key, &error))?;
    let unusable = |error| Fault::usage(format!("the certificate in {} and the key in {}: {error}", chain.display(), key.display()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn named(path: &Path, error: &pem::Error) -> Fault {
    match error {
        pem::Error::Io(error) => Fault::file(path.display(), error),
        // What the file holds is nobody's business.
        pem::Error::NoItemsFound => Fault::usage(format!("{} has nothing of the wanted kind in PEM", path.display())),
        _ => Fault::file(path.display(), &io::Error::from(io::ErrorKind::InvalidData)),
    }
}

"""Raw datasets straight from `.zip`, `.tar`, `.tar.gz` and `.tgz` files: listed, checked and read, never unpacked."""

/**
 * A self-signed certificate for localhost and 127.0.0.1, with its private key, valid until 2120: for the demo on loopback only.
 * Both are public, so they protect nothing: trust them nowhere else.
 */
export const DEMO_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBrzCCAVWgAwIBAgIBATAKBggqhkjOPQQDAjAnMSUwIwYDVQQDDBxmZXRjaC1w
YWdlcyBkZW1vIG9uIGxvb3BiYWNrMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
MDAwMDAwWjAnMSUwIwYDVQQDDBxmZXRjaC1wYWdlcyBkZW1vIG9uIGxvb3BiYWNr
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELxOy718d/aK87UQH7CmFtm7Cwe8S
c6PegT0VJylQe502434jZajWx+4wH+qtnNICbgUfsBqNxxtzurT6/8MleaNwMG4w
DAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUH
AwEwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMB0GA1UdDgQWBBSQsH/7M+eF
NwASR5i8ZYJUV1rGeDAKBggqhkjOPQQDAgNIADBFAiEAycuw7AuyGyX3w6T8iRMj
LTCIsTgkU5ysn8RliWgpe+MCIHzoowCuTPc7pAZlfoZU/ECb+HQRPeXk8urbWE/N
qYB1
-----END CERTIFICATE-----
`;

/** Public, as is all of this file. */
export const DEMO_PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvDTVg5Z+VHKNza+K
tYlW4Vde8izB/BZtSTPyVdLxdVyhRANCAAQvE7LvXx39orztRAfsKYW2bsLB7xJz
o96BPRUnKVB7nTbjfiNlqNbH7jAf6q2c0gJuBR+wGo3HG3O6tPr/wyV5
-----END PRIVATE KEY-----
`;

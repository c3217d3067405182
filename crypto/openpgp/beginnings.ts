/** What a file that is no OpenPGP message probably is, by its first bytes. */

interface Beginning {
  readonly bytes: Buffer;
  readonly what: string;
  readonly next?: string;
}

const ENCRYPT_FIRST = 'Encrypt it with `strongroom archive encrypt`.';

const BEGINNINGS: readonly Beginning[] = [
  { bytes: Buffer.from('-----BEGIN PGP'), what: 'It is ASCII-armored.', next: 'Unpack it with `gpg --dearmor`.' },
  { bytes: Buffer.from([0x1f, 0x8b]), what: 'It is a gzip file that is not encrypted.', next: ENCRYPT_FIRST },
  {
    bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    what: 'It is a zstd file that is not encrypted.',
    next: ENCRYPT_FIRST,
  },
  { bytes: Buffer.from('PK'), what: 'It is a zip file.' },
  { bytes: Buffer.from('<'), what: 'It is HTML or XML: perhaps an error page in place of the archive.' },
  { bytes: Buffer.from('{'), what: 'It is JSON: perhaps an error message in place of the archive.' },
  { bytes: Buffer.from('Salted__'), what: 'It was made by `openssl enc`.' },
  { bytes: Buffer.from('age-encryption.org'), what: 'It was made by age.' },
];

const TAR_MARK = Buffer.from('ustar');
const TAR_MARK_AT = 257;

/** In one sentence, with what to do; `null` where the bytes say nothing. */
export function recogniseBeginning(bytes: Buffer): { readonly what: string; readonly next?: string } | null {
  if (bytes.subarray(TAR_MARK_AT, TAR_MARK_AT + TAR_MARK.length).equals(TAR_MARK)) {
    return { what: 'It is a tar archive that is not encrypted.', next: ENCRYPT_FIRST };
  }
  return BEGINNINGS.find((one) => bytes.subarray(0, one.bytes.length).equals(one.bytes)) ?? null;
}

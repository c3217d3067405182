/** Tar archives made by hand, well formed or not: each header field is ours to set. */

export interface TarPart {
  readonly name: string;
  readonly body?: Buffer | string;
  /** The type flag; `0` is a regular file. */
  readonly type?: string;
  readonly link?: string;
  /** What the header claims; the body's own size unless given. */
  readonly size?: number | bigint;
  readonly mode?: number;
}

const octal = (value: number | bigint, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;

/** Sizes that eleven octal digits cannot hold are written in base 256, as GNU tar does. */
function sizeField(size: bigint): Buffer {
  if (size < 8n ** 11n) return Buffer.from(octal(size, 11), 'latin1');
  const field = Buffer.alloc(12);
  field[0] = 0x80;
  field.writeBigUInt64BE(size, 4);
  return field;
}

export function tarHeader({ name, body = '', type = '0', link = '', size, mode = 0o644 }: TarPart): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'utf8');
  header.write(octal(mode, 7), 100, 'latin1');
  header.write(octal(0, 7), 108, 'latin1');
  header.write(octal(0, 7), 116, 'latin1');
  sizeField(BigInt(size ?? Buffer.byteLength(body))).copy(header, 124);
  header.write(octal(0, 11), 136, 'latin1');
  header.write(' '.repeat(8), 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100, 'utf8');
  header.write('ustar\0' + '00', 257, 'latin1');
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
    'latin1',
  );
  return header;
}

export function tarPart(part: TarPart): Buffer {
  const body = Buffer.from(part.body ?? '');
  return Buffer.concat([tarHeader(part), body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

export const END_OF_TAR = Buffer.alloc(1024);

export const tar = (parts: readonly TarPart[]): Buffer => Buffer.concat([...parts.map(tarPart), END_OF_TAR]);

/** An extended header (POSIX 2001) that says `fields` of the entry after it. */
export function paxHeader(fields: Readonly<Record<string, string>>): TarPart {
  const lines = Object.entries(fields).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length += 1;
    return `${length}${rest}`;
  });
  return { name: 'PaxHeaders/x', type: 'x', body: lines.join('') };
}

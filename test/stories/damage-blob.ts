/** A disk, or a person with access to it, that changes what the platform keeps. */
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';

const AT = 600;

/** Changes one byte of a blob of the platform in `folder`; the answer puts it right again. */
export async function damageBlob(folder: string, sha256: string): Promise<() => Promise<void>> {
  const files = await readdir(path.join(folder, 'platform', 'blobs'), { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
  const found = paths.find((file) => file.replaceAll('/', '').endsWith(sha256));
  if (found === undefined) throw new Error(`The store has no ${sha256}.`);
  const flip = async () => {
    const blob = await open(found, 'r+');
    const byte = Buffer.alloc(1);
    await blob.read(byte, 0, 1, AT);
    await blob.write(Buffer.from([byte[0]! ^ 0xff]), 0, 1, AT);
    await blob.close();
  };
  await flip();
  return flip;
}

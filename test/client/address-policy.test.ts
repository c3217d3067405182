import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { lookup } from 'node:dns';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createAddressPolicy, isPublicAddress, type AddressPolicyOptions } from '../../client/address-policy.ts';
import { download } from '../../client/download.ts';
import { serve, type FileServer } from './support/file-server.ts';

/** Inside the private network: it must never hear of a URL that someone else gave. */
let inside: FileServer;
let folder: string;
beforeAll(async () => {
  inside = await serve((response) => response.end('inside'));
  folder = await mkdtemp(path.join(tmpdir(), 'addresses-'));
});
afterAll(async () => {
  await inside[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const heardBefore = () => inside.asked.length;

const fetchWith = (url: string, options: Partial<AddressPolicyOptions> = {}) =>
  download({
    url,
    target: path.join(folder, 'model.gpg'),
    expected: { sha256: null },
    limits: { maxBytes: 1000, stallSeconds: 0.5, totalSeconds: 10 },
    policy: createAddressPolicy({ allowPrivateAddresses: false, platformOrigin: null, ...options }),
    headersFor: () => ({}),
  });

async function expectRefusal(url: string, options: Partial<AddressPolicyOptions> = {}): Promise<void> {
  const heard = heardBefore();
  await expect(fetchWith(url, options)).rejects.toMatchObject({ code: 'E_ADDRESS_NOT_ALLOWED' });
  expect(inside.asked).toHaveLength(heard);
}

/** Answers each question for a name with the next of `answers`, the last one again and again. */
function resolver(...answers: readonly (readonly string[])[]): typeof lookup {
  let asked = 0;
  return ((_name: string, _options: unknown, callback: (error: null, addresses: unknown) => void) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as typeof lookup;
}

/** Public by its form, and given to nobody: a connection to it leads nowhere. */
const PUBLIC = '2000::1';

describe('an address inside is refused (E1)', () => {
  afterEach(async () => expect(await readdir(folder)).toEqual([]));

  test.each([
    ['plain', '127.0.0.1'],
    ['of another loopback host', '127.255.0.9'],
    ['decimal', '2130706433'],
    ['octal', '0177.0.0.1'],
    ['hexadecimal', '0x7f000001'],
    ['short', '127.1'],
    ['with a full stop after it', '127.0.0.1.'],
    ['in wide digits', '１２７.0.0.1'],
    ['unspecified', '0'],
    ['IPv6 loopback', '[::1]'],
    ['IPv6 unspecified', '[::]'],
    ['IPv4-mapped IPv6', '[::ffff:127.0.0.1]'],
    ['IPv4-mapped IPv6 in hexadecimal', '[::ffff:7f00:1]'],
    ['IPv4-compatible IPv6', '[::127.0.0.1]'],
    ['NAT64', '[64:ff9b::7f00:1]'],
    ['6to4', '[2002:7f00:1::1]'],
    ['IPv6 link-local', '[fe80::1]'],
    ['IPv6 unique local', '[fd00::1]'],
    ['of a cloud’s metadata', '169.254.169.254'],
    ['of a private network', '10.1.2.3'],
    ['of a name that leads inside', 'localhost'],
  ])('%s: %s', async (_form, host) => {
    await expectRefusal(`http://${host}:${inside.port}/`);
  });

  test.each([['file:///etc/passwd'], ['gopher://127.0.0.1/'], ['data:,text'], ['http://example.org@127.0.0.1/']])(
    'so is what is no plain web address: %s',
    async (url) => {
      await expectRefusal(url);
    },
  );
});

describe('a name is refused (E1)', () => {
  test('when one of its addresses is inside, whatever the others are', async () => {
    const resolve = resolver([PUBLIC, '127.0.0.1']);
    await expectRefusal(`http://model.example:${inside.port}/`, { resolve });
  });

  test.each([['127.0.0.1'], ['::ffff:127.0.0.1'], ['fe80::1%lo']])(
    'when it is bound to %s after the first attempt (DNS rebinding)',
    async (address) => {
      const resolve = resolver([PUBLIC], [address]);
      await expectRefusal(`http://model.example:${inside.port}/`, { resolve });
    },
  );
});

describe('a redirect is checked like the address itself (E1)', () => {
  test.each([
    ['an address inside', () => inside.url],
    ['a name that leads inside', () => `http://localhost:${inside.port}/`],
    ['an address inside, in decimal', () => `http://2130706433:${inside.port}/`],
    ['a file', () => 'file:///etc/passwd'],
  ])('from the platform to %s', async (_what, location) => {
    await using platform = await serve((response) => response.writeHead(307, { location: location() }).end());
    await expectRefusal(platform.url, { platformOrigin: new URL(platform.url).origin });
    expect(platform.asked).toHaveLength(1);
  });
});

describe('an address inside is open', () => {
  afterEach(() => rm(path.join(folder, 'model.gpg')));

  test('to a party that configured it', async () => {
    await expect(fetchWith(inside.url, { allowPrivateAddresses: true })).resolves.toMatchObject({ size: 6 });
  });

  test('where it is the platform that the party chose, and on no other port', async () => {
    await expect(fetchWith(inside.url, { platformOrigin: new URL(inside.url).origin })).resolves.toMatchObject({
      size: 6,
    });
    await expectRefusal(inside.url, { platformOrigin: 'http://127.0.0.1:1' });
  });
});

test.each([['8.8.8.8'], ['172.32.0.1'], ['100.128.0.1'], ['2001:4860:4860::8888'], ['2606:4700::1111']])(
  '%s is a public address',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);
test.each([
  ['172.31.255.255'],
  ['100.64.0.1'],
  ['192.0.2.1'],
  ['224.0.0.1'],
  ['255.255.255.255'],
  ['2001:db8::1'],
  ['ff02::1'],
  ['name'],
])('%s is not', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { giveImage, type TestImage } from '../containers/support/probe-image.ts';
import { Cast, type Person } from './cast.ts';
import { answerTo, leftBehind, refusalOf } from './commands.ts';
import { modelConfig } from './container-configs.ts';
import { sealedImage } from './sealed-image.ts';

const docker = new Docker();
const TMPFS_BYTES = 3 * 2 ** 20;

let cast: Cast;
/** Fetches from anywhere. */
let ursula: Person;
let image: TestImage;
let archive: Buffer;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answer: Answer;
let server: Server;
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gpg`;
const sends =
  (body: Buffer, type = 'application/octet-stream'): Answer =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': type }).end(body);

const file = (name: string) => path.join(cast.folder, name);

const submission = async (type: string, named: string, ...more: string[]) => [
  'container',
  'submit',
  await modelConfig(file('model'), { type, image: named }),
  ...more,
];

beforeAll(async () => {
  cast = await Cast.assemble();
  ursula = await cast.join('ursula', { STRONGROOM_ALLOW_PRIVATE_ADDRESSES: 'true' });
  await cast.certify(ursula);
  image = await giveImage(docker, 'weights', [{ path: '/weights', from: randomBytes(2 * TMPFS_BYTES), mode: 0o644 }], {
    Entrypoint: ['/weights'],
  });
  archive = await sealedImage(cast.folder, image.imageName);
  server = createServer((request, response) => {
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await docker.getImage(image.imageName).remove({ force: true });
  await cast.dismiss();
});

/** However a submission failed, nobody has to tidy up, and the name is free. */
async function expectNothingLeft(who: Person): Promise<void> {
  expect(await leftBehind(who)).toEqual([]);
  expect((await who.platform.listContainers()).items).toEqual([]);
}

describe('a submission that cannot succeed says why, and leaves nothing', () => {
  test.each([
    ['a field that there is not', 'image: x:1', 'image: x:1\nimages: x:2', /line 3, column 1: .*images/],
    ['an image that looks like an option', 'image: x:1', 'image: --privileged', /line 2, column 8: /],
    ['a relative mount', '/data', 'data', /line 6, column 32: /],
    ['one mount for two', '/out', '/data', /line 8, column 20: /],
    ['a type that there is not', 'type: DockerImage', 'type: Singularity', /line 1, column 17: /],
  ])('a container config with %s is shown with its line and column', async (_what, right, wrong, message) => {
    const named = await modelConfig(file('wrong'), { type: 'DockerImage', image: 'x:1' });
    await writeFile(named, (await readFile(named, 'utf8')).replace(right, wrong));
    expect(await refusalOf(ursula, ['container', 'submit', named])).toMatchObject({
      code: 'E_CONTAINER_CONFIG',
      exit: 2,
      message: expect.stringMatching(message),
    });
    await expectNothingLeft(ursula);
  });

  test('an image that Docker does not have', async () => {
    const refusal = await refusalOf(ursula, await submission('DockerImage', 'nobody/has-this:1'));
    expect(refusal).toMatchObject({ code: 'E_IMAGE_NOT_FOUND', exit: 6 });
    await expectNothingLeft(ursula);
  });

  test('an archive, or a key, that is not where it is said to be', async () => {
    const encrypted = await submission('EncryptedDockerArchive', './elsewhere.gpg');
    expect(await refusalOf(ursula, encrypted)).toMatchObject({ code: 'E_KEY_FILE' });
    const keyless = [...encrypted, '--key-file', file('elsewhere.key')];
    expect(await refusalOf(ursula, keyless)).toMatchObject({ code: 'E_FILE_NOT_FOUND', exit: 6 });
    const plain = await submission('DockerArchive', './elsewhere.tar');
    expect(await refusalOf(ursula, plain)).toMatchObject({ code: 'E_FILE_NOT_FOUND', exit: 6 });
    await writeFile(file('model/here.gpg'), archive);
    const present = await submission('EncryptedDockerArchive', './here.gpg', '--key-file', file('elsewhere.key'));
    expect(await refusalOf(ursula, present)).toMatchObject({ code: 'E_KEY_NOT_FOUND', exit: 6 });
    await expectNothingLeft(ursula);
  });

  test('a key of which gpg takes three bytes, so that anyone could guess it', async () => {
    await writeFile(file('guessable.key'), `abc\n${'x'.repeat(28)}`, { mode: 0o600 });
    await writeFile(file('model/here.gpg'), archive);
    const guessable = await submission('EncryptedDockerArchive', './here.gpg', '--key-file', file('guessable.key'));
    expect(await refusalOf(ursula, guessable)).toMatchObject({
      code: 'E_KEY_FILE',
      why: expect.stringContaining('only its first 3 of 32 bytes'),
    });
    await expectNothingLeft(ursula);
  });

  test('another key than the one of the archive', async () => {
    await writeFile(file('other.key'), `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
    answer = sends(archive);
    const wrong = await submission('EncryptedDockerArchive', url(), '--key-file', file('other.key'));
    expect(await refusalOf(ursula, wrong)).toMatchObject({ code: 'E_WRONG_KEY', exit: 4 });
    await expectNothingLeft(ursula);
  });
});

describe('an address where the archive is not', () => {
  const submit = async (who = ursula) =>
    refusalOf(who, await submission('EncryptedDockerArchive', url(), '--key-file', file('model.key')));

  test('answers 404', async () => {
    answer = (_request, response) => response.writeHead(404).end('not here');
    expect(await submit()).toMatchObject({ code: 'E_DOWNLOAD', exit: 8, message: expect.stringContaining('404') });
    await expectNothingLeft(ursula);
  });

  test('answers with a page for people', async () => {
    answer = sends(Buffer.from('<!doctype html><p>Please log in'), 'text/html');
    expect(await submit()).toMatchObject({ code: 'E_NOT_AN_ARCHIVE', why: expect.stringMatching(/HTML|page/) });
    await expectNothingLeft(ursula);
  });

  test('stops in the middle and never goes on, for a party that loses patience soon', async () => {
    const hal = await cast.join('hal', {
      STRONGROOM_ALLOW_PRIVATE_ADDRESSES: 'true',
      STRONGROOM_DOWNLOAD_STALL_SECONDS: '1',
      STRONGROOM_DOWNLOAD_TOTAL_SECONDS: '4',
    });
    await cast.certify(hal);
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, 1000));
    };
    expect(await submit(hal)).toMatchObject({ code: 'E_DOWNLOAD_STALLED', exit: 8 });
    await expectNothingLeft(hal);
  });

  test('gives other bytes the second time', async () => {
    let asked = 0;
    answer = (request, response) => {
      asked += 1;
      const damaged = Buffer.from(archive);
      damaged[damaged.length - 100]! ^= 1;
      sends(asked === 1 ? archive : damaged)(request, response);
    };
    expect(await submit()).toMatchObject({ code: 'E_DIGEST_MISMATCH', exit: 3 });
    await expectNothingLeft(ursula);
  });

  test('is in a private network, for a party that fetches from public ones only', async () => {
    const pia = await cast.join('pia');
    await cast.certify(pia);
    answer = sends(archive);
    const there = await submission('EncryptedDockerArchive', url(), '--key-file', file('model.key'));
    expect(await refusalOf(pia, there)).toMatchObject({ code: 'E_ADDRESS_NOT_ALLOWED' });
    await expectNothingLeft(pia);
  });

  test('and once it is there, the same command registers the container', async () => {
    answer = sends(archive);
    const registered = await answerTo(ursula, [
      ...(await submission('EncryptedDockerArchive', url(), '--key-file', file('model.key'))),
      '--name',
      'hosted-by-me',
    ]);
    expect(registered).toMatchObject({ container: { owner: 'ursula', archive: { url: url() } } });
    expect(await leftBehind(ursula)).toEqual([]);
  });
});

describe('a machine that cannot do the work', () => {
  test('where Docker does not answer, the submission says so at once', async () => {
    const nora = await cast.join('nora', { DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
    await cast.certify(nora);
    const refusal = await refusalOf(nora, await submission('DockerImage', image.imageName));
    expect(refusal).toMatchObject({ code: 'E_DOCKER_MISSING', exit: 11, next: expect.any(String) });
    await expectNothingLeft(nora);
  });

  test('where the disk becomes full while encrypting, the space is given back', async () => {
    await mkdir(file('tess'), { mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_BYTES},mode=0700`, 'tmpfs', file('tess')]);
    try {
      const tess = await cast.join('tess');
      await cast.certify(tess);
      const refusal = await refusalOf(tess, await submission('DockerImage', image.imageName));
      expect(refusal).toMatchObject({ code: 'E_NO_SPACE', exit: 9 });
      await expectNothingLeft(tess);
      await tess.agent.stop();
    } finally {
      execFileSync('umount', ['--lazy', file('tess')]);
    }
  });
});

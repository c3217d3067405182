/**
 * `npm run pictures`: a request that waits for its committee, as an operator sees it, for docs/pictures. It takes Debian's
 * chromium, or the one that CHROMIUM names.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { createPlatformClient } from '../client/platform.ts';
import { uploadBlob } from '../client/upload.ts';
import {
  parseBenchmarkName,
  parseDatasetName,
  parseEmailAddress,
  parseHandle,
  parseImageDigest,
  parseSha256,
} from '../domain/ids.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { bringUp } from '../stack/stack.ts';

const PICTURES = path.resolve(import.meta.dirname, '..', 'docs', 'pictures');
const PASSWORD = 'a password for the pictures';
const PATIENCE_MS = 60_000;

const folder = await mkdtemp(path.join(tmpdir(), 'strongroom-pictures-'));
await chmod(folder, 0o711);
const config = readPlatformConfiguration({
  STRONGROOM_DATA: path.join(folder, 'platform'),
  STRONGROOM_OPERATORS: 'oscar',
  STRONGROOM_LOG_LEVEL: 'warn',
});
const stack = await bringUp(config, console.log);
const { api, operations } = stack.addresses;
try {
  await requestThatWaits();
  await signUp('oscar');
  await mkdir(PICTURES, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const page = await browser.newPage({ viewport: { width: 1200, height: 640 } });
  page.setDefaultTimeout(PATIENCE_MS);
  await takePictures(page);
  await browser.close();
} finally {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
}

/** First click: the page of what waits. Second: the workflow, with whom it waits for. */
async function takePictures(page: Page): Promise<void> {
  await page.goto(operations);
  await page.fill('input[name=email]', 'oscar@example.org');
  await page.fill('input[name=password]', PASSWORD);
  await page.click('button');
  const link = page.locator('tbody a').first();
  await link.waitFor();
  await keep(page, 'operations');
  const all = await page.locator('p a').getAttribute('href');
  await link.click();
  await page.getByText('Summary').first().waitFor();
  await page.waitForTimeout(5_000);
  await keep(page, 'workflow');
  await page.goto(all ?? '');
  await page.getByText('reviewAssociation').first().waitFor();
  await keep(page, 'waiting');
}

async function keep(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
  console.log(`  docs/pictures/${name}.png`);
}

async function signUp(name: string): Promise<string> {
  const anyone = createPlatformClient({ baseUrl: api, token: null });
  const [email, handle] = [parseEmailAddress(`${name}@example.org`), parseHandle(name)];
  await anyone.signUp({ body: { email, handle, password: PASSWORD } });
  const outbox = path.join(folder, 'platform', 'outbox');
  const mails = await Promise.all((await readdir(outbox)).map((file) => readFile(path.join(outbox, file), 'utf8')));
  const mail = mails.find((text) => text.includes(`To: ${email}`)) ?? '';
  await anyone.verifyEmail({ body: { token: /token=([\w.-]+)/.exec(mail)?.[1] ?? '' } });
  return (await anyone.logIn({ body: { email, password: PASSWORD } })).token;
}

/** A dataset of dora's waits for ann and ben; ann has voted. */
async function requestThatWaits(): Promise<void> {
  const [ann, , dora] = [await signUp('ann'), await signUp('ben'), await signUp('dora')];
  const as = (token: string) => createPlatformClient({ baseUrl: api, token });
  const file = path.join(folder, 'test.tar');
  await writeFile(file, 'pictures of the test dataset');
  const sha256 = parseSha256(
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  );
  const blob = { sha256, size: (await readFile(file)).length };
  await uploadBlob({ apiUrl: api, headers: { authorization: `Bearer ${ann}` }, file, ...blob });
  const benchmark = parseBenchmarkName('digits');
  await as(ann).createBenchmark({
    body: {
      name: benchmark,
      description: 'Digits, eight by eight.',
      testDataset: blob,
      metrics: {
        config: 'container_type: DockerArchive',
        archive: blob,
        imageDigest: parseImageDigest(`sha256:${'a'.repeat(64)}`),
      },
      members: [parseHandle('ann'), parseHandle('ben')],
      quorum: 2,
      approvalDays: 30,
    },
  });
  const name = parseDatasetName('wards');
  await as(dora).registerDataset({ body: { name, ...blob, files: 1 } });
  const { id } = await as(dora).requestAssociation({ body: { kind: 'dataset', name, benchmark } });
  await as(ann).castVote({ path: { id }, body: { ballot: 'approve', reason: '' } });
}

/**
 * Builds an example's image: with its Dockerfile where base images can be pulled, and otherwise the same `FROM scratch`
 * out of the Node that runs this script.
 *
 *     node examples/build-image.ts digits-model
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Docker from 'dockerode';
import { readLoadAnswer } from '../containers/archive-rewrite.ts';
import { connectDocker } from '../containers/docker.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { parseImageDigest } from '../domain/ids.ts';
import { imageArchive } from './image-archive.ts';
import type { ImageArchive, ImageLayer, ImageSettings } from './image-archive.ts';
import { filesBelow, nodeLayer, onnxruntimeBinaries, onnxruntimeLayer } from './node-layers.ts';

export type ExampleName = 'digits-model' | 'digits-metrics';

interface Example {
  readonly imageName: string;
  /** What its Dockerfile copies into `/app`. */
  readonly files: readonly string[];
  readonly runtime: () => Promise<ImageLayer[]>;
  readonly settings: ImageSettings;
}

const APP_SETTINGS = { User: '65534:65534', WorkingDir: '/app', Entrypoint: ['/usr/local/bin/node', '/app/app.mjs'] };

const EXAMPLES: Readonly<Record<ExampleName, Example>> = {
  'digits-model': {
    imageName: 'strongroom-digits-model:1',
    files: ['app.mjs', 'png.mjs', 'model.onnx', 'package.json'],
    runtime: async () => [await nodeLayer(await onnxruntimeBinaries()), await onnxruntimeLayer()],
    settings: { ...APP_SETTINGS, Env: ['ORT_DISABLE_TELEMETRY=1'] },
  },
  'digits-metrics': {
    imageName: 'strongroom-digits-metrics:1',
    files: ['app.mjs'],
    runtime: async () => [await nodeLayer([])],
    settings: APP_SETTINGS,
  },
};

const isExampleName = (name: string): name is ExampleName => Object.hasOwn(EXAMPLES, name);

export interface BuiltImage {
  readonly imageName: string;
  readonly imageDigest: ImageDigest;
}

/** Builds the image of an example; `report` hears how, in a line for people. Fails with `E_DOCKER_UNAVAILABLE`. */
export async function buildExampleImage(name: ExampleName, report: (line: string) => void): Promise<BuiltImage> {
  const docker = await connectDocker();
  const { imageName } = EXAMPLES[name];
  if (await canUseBaseImage(docker)) {
    report(`Building ${imageName} with its Dockerfile, from ${BASE_IMAGE}.`);
    await buildFromDockerfile(docker, name);
  } else {
    report(`${BASE_IMAGE} cannot be pulled here: building ${imageName} from this machine's Node.`);
    await buildFromScratch(docker, name);
  }
  const { Id } = await docker.getImage(imageName).inspect();
  return { imageName, imageDigest: parseImageDigest(Id) };
}

const BASE_IMAGE = 'node:24-slim';
const REGISTRY = 'https://registry-1.docker.io/v2/';
const REGISTRY_ANSWERS_WITHIN_MS = 2_000;

/** Whether the base image is here, or its registry answers; asked of the network so that nobody waits for a pull to fail. */
async function canUseBaseImage(docker: Docker): Promise<boolean> {
  const here = await docker.listImages({ filters: { reference: [BASE_IMAGE] } });
  if (here.length > 0) return true;
  const answer = await fetch(REGISTRY, { signal: AbortSignal.timeout(REGISTRY_ANSWERS_WITHIN_MS) }).catch(() => null);
  // 401 is the registry's own answer to someone without a token.
  return answer?.status === 401 || answer?.status === 200;
}

const folderOf = (name: ExampleName) => join(import.meta.dirname, name);

async function buildFromDockerfile(docker: Docker, name: ExampleName): Promise<void> {
  const { imageName, files } = EXAMPLES[name];
  const context = { context: folderOf(name), src: ['Dockerfile', ...files] };
  const answer = await docker.buildImage(context, { t: imageName, rm: true, forcerm: true });
  await readBuildAnswer(answer as AsyncIterable<Buffer>, imageName);
}

async function readBuildAnswer(answer: AsyncIterable<Buffer>, imageName: string): Promise<void> {
  let text = '';
  for await (const chunk of answer) text = (text + chunk.toString()).slice(-64 * 1024);
  const problem = /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  if (problem === undefined) return;
  throw new StrongroomError('E_INTERNAL', `The image ${imageName} could not be built.`, { why: problem.slice(0, 500) });
}

async function buildFromScratch(docker: Docker, name: ExampleName): Promise<void> {
  const { stream } = await makeExampleImage(name, EXAMPLES[name].imageName);
  const answer = await docker.loadImage(stream, { quiet: true });
  await readLoadAnswer(answer as AsyncIterable<Buffer>);
}

/**
 * Makes the image of an example out of this machine's own files, under `imageName`. It needs neither a registry nor a
 * builder, and leaves no files.
 */
export async function makeExampleImage(name: ExampleName, imageName?: string): Promise<ImageArchive> {
  if (process.platform !== 'linux') {
    throw new StrongroomError('E_IMAGE_NOT_FOUND', `The base image ${BASE_IMAGE} cannot be pulled.`, {
      why: 'Without it an image can only be built out of a Linux machine.',
      next: `Connect to the network, or run "docker pull ${BASE_IMAGE}" beforehand.`,
    });
  }
  const { files, runtime, settings } = EXAMPLES[name];
  const app = await filesBelow(folderOf(name), '/app', files);
  return imageArchive([...(await runtime()), app], settings, imageName);
}

async function main(name: string | undefined): Promise<void> {
  if (name === undefined || !isExampleName(name)) {
    const folders = (await readdir(import.meta.dirname)).filter(isExampleName);
    throw new StrongroomError('E_USAGE', `Say which image: ${folders.join(' or ')}.`);
  }
  const { imageName, imageDigest } = await buildExampleImage(name, (line) => console.error(line));
  console.log(`${imageName} ${imageDigest}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(process.argv[2]).catch((error: unknown) => {
    if (!(error instanceof StrongroomError)) throw error;
    console.error([error.message, error.why, error.next].filter(Boolean).join('\n'));
    process.exitCode = error.kind.exit;
  });
}

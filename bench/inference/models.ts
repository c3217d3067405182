/** The models that are measured, each as a function of its own. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFunctionBundle } from '../../crypto/function-bundle.ts';
import { readFunctionFolder } from '../../crypto/function-folder.ts';
import { buildClassifier } from '../../examples/build-classifier.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const SHARED = own('STRONGROOM_TEST_MODELS') ?? join(import.meta.dirname, '../../../shared/models');
const RESNET50 = own('STRONGROOM_BENCH_RESNET50');

/** Taken out of the environment: the platform's processes refuse variables that they do not know. */
function own(variable: string): string | undefined {
  const value = process.env[variable];
  Reflect.deleteProperty(process.env, variable);
  return value;
}

export interface BenchModel {
  readonly name: string;
  readonly file: string;
  readonly labels: string;
  readonly settings: string;
  readonly inputName: string;
  readonly dims: readonly number[];
  /** Calls in one round. */
  readonly calls: number;
}

const digits: BenchModel = {
  name: 'digits',
  file: join(EXAMPLES, 'image-classification/model.onnx'),
  labels: join(EXAMPLES, 'image-classification/labels.txt'),
  settings: join(EXAMPLES, 'image-classification/model.json'),
  inputName: 'pixels',
  dims: [1, 64],
  calls: 400,
};

const imageNet = (name: string, file: string, settings: string, calls: number): BenchModel => ({
  name,
  file,
  labels: join(SHARED, 'imagenet_classes.txt'),
  settings: join(EXAMPLES, `classifier-settings/${settings}.json`),
  inputName: 'input',
  dims: [1, 3, 224, 224],
  calls,
});

/** Those whose files are here; says of each other one why it is left out. ResNet50 is made where Python can. */
export function benchModels(folder: string): readonly BenchModel[] {
  const resnet50 = RESNET50 ?? makeResnet50(join(folder, 'resnet50.onnx'));
  const wanted = [
    digits,
    imageNet('efficientnet-lite0', join(SHARED, 'efficientnet-lite0.onnx'), 'efficientnet-lite0', 60),
    imageNet('resnet50 (random weights)', resnet50, 'resnet50', 20),
  ];
  return wanted.filter(({ name, file, labels }) => {
    const missing = [file, labels].find((path) => !existsSync(path));
    if (missing !== undefined) console.warn(`Left out: ${name}, as ${missing} is not there.`);
    return missing === undefined;
  });
}

function makeResnet50(file: string): string {
  try {
    execFileSync('python3', [join(SHARED, 'make_resnet50_random.py'), file], { stdio: 'pipe' });
  } catch {
    console.warn('ResNet50 cannot be made: it needs python3 with onnx and numpy; STRONGROOM_BENCH_RESNET50 names one.');
  }
  return file;
}

/** The bundle of `examples/image-classification` with this model and so many threads. */
export async function bundleOf(model: BenchModel, threads: number): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-bench-'));
  try {
    const out = join(folder, 'function');
    await buildClassifier(out, { model: model.file, labels: model.labels, settings: model.settings });
    const config = join(out, 'function.yaml');
    await writeFile(config, (await readFile(config, 'utf8')).replace('threads: 1', `threads: ${threads}`));
    return encodeFunctionBundle(await readFunctionFolder(out));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An input of the model, the same each time. */
export const inputOf = ({ dims }: BenchModel): Float32Array =>
  Float32Array.from({ length: dims.reduce((product, side) => product * side, 1) }, (_, at) => ((at * 37) % 255) / 255);

/**
 * Makes the function of `image-classification` with another model:
 *
 *     node examples/build-classifier.ts OUT MODEL.onnx LABELS.txt SETTINGS.json
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface ClassifierParts {
  /** A self-contained ONNX file with one input and one output. */
  readonly model: string;
  /** One label a line, in the order of the model's output. */
  readonly labels: string;
  /** `model.json`: preprocessing and the meaning of the output; see `classifier-settings`. */
  readonly settings: string;
}

const FUNCTION = join(import.meta.dirname, 'image-classification');

/** Writes the function's folder at `out`, which must not be there yet. */
export async function buildClassifier(out: string, { model, labels, settings }: ClassifierParts): Promise<void> {
  await mkdir(out);
  for (const name of ['app.ts', 'strongroom.d.ts', 'function.yaml'])
    await copyFile(join(FUNCTION, name), join(out, name));
  await copyFile(model, join(out, 'model.onnx'));
  await copyFile(labels, join(out, 'labels.txt'));
  await copyFile(settings, join(out, 'model.json'));
}

if (import.meta.main) {
  const [out, model, labels, settings] = process.argv.slice(2);
  if (out === undefined || model === undefined || labels === undefined || settings === undefined) {
    throw new Error('Write: node examples/build-classifier.ts OUT MODEL.onnx LABELS.txt SETTINGS.json');
  }
  await buildClassifier(out, { model, labels, settings });
}

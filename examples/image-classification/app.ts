/** Classifies a picture: which of the labels, and how sure. */
import { readFileSync } from 'node:fs';
import type { Context, PictureWish } from './strongroom.d.ts';

/** `model.json`: what the model was trained on, and what it answers. */
interface Settings {
  /** How a picture is resized and cut. */
  readonly picture: PictureWish;
  /** For each channel: what is subtracted from a value of 0 to 255, and by what it is divided then. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** Of the model's input: channels before rows before columns. */
  readonly shape: readonly number[];
  readonly output: 'logits' | 'probabilities';
}

interface Class {
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

const settings = JSON.parse(readFileSync('model.json', 'utf8')) as Settings;
const labels = readFileSync('labels.txt', 'utf8').trimEnd().split('\n');
const count = settings.shape.reduce((product, side) => product * side, 1);
const BEST = 5;

/** The five classes that fit best, the best first. `input` is a JPEG, a PNG, or a prepared tensor. */
export async function handle(input: Uint8Array, context: Context): Promise<readonly Class[]> {
  const model = context.model('model.onnx');
  const [inputName = 'input'] = model.inputNames;
  const [outputName = 'output'] = model.outputNames;
  const data = isPicture(input) ? await prepare(input, context) : context.floats(input, count);
  const outputs = await model.run({ [inputName]: { type: 'float32', data, dims: settings.shape } });
  const scores = Array.from(outputs[outputName]?.data as Float32Array);
  return best(settings.output === 'logits' ? softmax(scores) : scores);
}

/** By the first bytes of a JPEG or a PNG. */
const isPicture = (input: Uint8Array): boolean =>
  (input[0] === 0xff && input[1] === 0xd8) || (input[0] === 0x89 && input[1] === 0x50);

/** From pixels, whose channels lie side by side, to numbers channel by channel. */
async function prepare(input: Uint8Array, context: Context): Promise<Float32Array> {
  const { pixels, channels, width, height } = await context.picture(input, settings.picture);
  const tensor = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at += 1) {
    const channel = at % channels;
    const value = (pixels[at] ?? 0) - (settings.mean[channel] ?? 0);
    tensor[channel * width * height + Math.floor(at / channels)] = value / (settings.deviation[channel] ?? 1);
  }
  return tensor;
}

function softmax(logits: readonly number[]): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

const best = (probabilities: readonly number[]): Class[] =>
  probabilities
    .map((probability, index) => ({ label: labels[index] ?? String(index), index, probability }))
    .sort((one, other) => other.probability - one.probability)
    .slice(0, BEST);

/** Classifies every 8x8 grey picture in DATA_PATH and writes predictions.json into OUTPUT_PATH. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readGreyPng } from './png.mjs';

const dataPath = process.env.DATA_PATH ?? '/mlcommons/volumes/data';
const outputPath = process.env.OUTPUT_PATH ?? '/mlcommons/volumes/predictions';
const SIDE = 8;

const files = (await readdir(dataPath)).filter((file) => file.endsWith('.png')).sort();
if (files.length === 0) throw new Error(`there is no picture in ${dataPath}`);

const pixels = new Float32Array(files.length * SIDE * SIDE);
for (const [index, file] of files.entries()) {
  const { width, height, grey } = readGreyPng(await readFile(join(dataPath, file)));
  if (width !== SIDE || height !== SIDE) throw new Error(`${file} is not a picture of ${SIDE}x${SIDE}`);
  grey.forEach((value, at) => (pixels[index * SIDE * SIDE + at] = value / 255));
}

const session = await InferenceSession.create(join(import.meta.dirname, 'model.onnx'), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const { scores } = await session.run({ pixels: new Tensor('float32', pixels, [files.length, SIDE * SIDE]) });

const predictions = files.map((file, index) => {
  const row = [...scores.data.slice(index * 10, index * 10 + 10)];
  const best = Math.max(...row);
  return { file, label: row.indexOf(best), score: Number(best.toFixed(4)) };
});
await writeFile(join(outputPath, 'predictions.json'), `${JSON.stringify(predictions, null, 1)}\n`);
console.log(`${files.length} pictures classified`);

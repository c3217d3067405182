/** Compares predictions with labels and writes accuracy, confusion matrix and count into a results file. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const predictionsPath = process.env.PREDICTIONS ?? '/mlcommons/volumes/predictions';
const labelsPath = process.env.LABELS ?? '/mlcommons/volumes/labels';
const resultsFile = process.env.OUTPUT_PATH ?? '/mlcommons/volumes/results/results.yaml';
const DIGITS = 10;

const labels = readLabels(await readFile(join(labelsPath, 'labels.csv'), 'utf8'));
const predictions = new Map(
  JSON.parse(await readFile(join(predictionsPath, 'predictions.json'), 'utf8')).map(({ file, label }) => [file, label]),
);

const confusion = Array.from({ length: DIGITS }, () => Array(DIGITS).fill(0));
for (const [file, label] of labels) {
  const predicted = predictions.get(file);
  if (predicted === undefined) throw new Error(`there is no prediction for ${file}`);
  confusion[label][predicted] += 1;
}
const right = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
await writeFile(resultsFile, toYaml({ accuracy: right / labels.size, pictures: labels.size, confusion }));
console.log(`${right} of ${labels.size} right`);

function readLabels(csv) {
  const [header, ...lines] = csv.trim().split('\n');
  if (header !== 'file,label') throw new Error('labels.csv does not begin with "file,label"');
  const pairs = lines.map((line) => line.split(','));
  for (const [file, label] of pairs) {
    if (!/^[0-9]$/.test(label)) throw new Error(`the label of ${file} is not a digit`);
  }
  return new Map(pairs.map(([file, label]) => [file, Number(label)]));
}

function toYaml({ accuracy, pictures, confusion }) {
  const rows = confusion.map((row) => `  - [${row.join(', ')}]`).join('\n');
  return [
    `accuracy: ${Number(accuracy.toFixed(4))}`,
    `pictures: ${pictures}`,
    '# A row for each true digit, a column for each predicted one.',
    'confusion_matrix:',
    `${rows}\n`,
  ].join('\n');
}

/** Compares predictions with labels: accuracy, number of pictures, and the confusion matrix. */

/** Files of the model's output and of the dataset's labels, as texts by their names. */
interface Evaluation {
  readonly predictions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a model says of a picture: a label, as the Docker image does, or its classes, the best first, as the function does. */
interface Prediction {
  readonly file: string;
  readonly label?: number;
  readonly answer?: readonly { readonly index: number }[];
}

const DIGITS = 10;

export function handle(input: Uint8Array): unknown {
  const { predictions, labels } = JSON.parse(new TextDecoder().decode(input)) as Evaluation;
  const predicted = new Map(
    (JSON.parse(predictions['predictions.json'] ?? '[]') as Prediction[]).map(({ file, label, answer }) => [
      file,
      label ?? answer?.[0]?.index,
    ]),
  );
  const truth = readLabels(labels['labels.csv'] ?? '');
  const confusion = Array.from({ length: DIGITS }, () => Array.from({ length: DIGITS }, () => 0));
  for (const { file, digit } of truth) {
    const guess = predicted.get(file);
    const row = confusion[digit];
    if (guess === undefined || row?.[guess] === undefined) throw new Error('A picture has no prediction.');
    row[guess] += 1;
  }
  const right = confusion.reduce((sum, row, digit) => sum + (row[digit] ?? 0), 0);
  const accuracy = Number((right / truth.length).toFixed(4));
  return { accuracy, pictures: truth.length, confusion_matrix: confusion };
}

function readLabels(csv: string): { readonly file: string; readonly digit: number }[] {
  const [header, ...lines] = csv.trim().split('\n');
  if (header !== 'file,label') throw new Error('labels.csv does not begin with "file,label".');
  return lines.map((line) => {
    const [file = '', label = ''] = line.split(',');
    if (!/^[0-9]$/.test(label)) throw new Error('A label is no digit.');
    return { file, digit: Number(label) };
  });
}

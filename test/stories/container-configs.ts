/** Container configs for small images of the tests. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface ContainerSettings {
  /** `DockerImage` unless told otherwise. */
  readonly type?: string;
  readonly image: string;
  readonly command?: string;
}

async function writeConfig(folder: string, settings: ContainerSettings, task: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, 'container_config.yaml');
  const { type = 'DockerImage', image, command } = settings;
  const runArgs = command === undefined ? [] : ['    run_args:', `      command: ${command}`];
  const [name, ...volumes] = task;
  const lines = [`container_type: ${type}`, `image: ${image}`, 'tasks:', `  ${name}:`, ...runArgs, ...volumes];
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

/** A model that reads /data and writes into /out. Answers the config's path. */
export const modelConfig = (folder: string, settings: ContainerSettings): Promise<string> =>
  writeConfig(folder, settings, [
    'infer',
    '    input_volumes:',
    '      data_path: { mount_path: /data, type: directory }',
    '    output_volumes:',
    '      output_path: { mount_path: /out, type: directory }',
  ]);

/** Metrics that go into /result.yaml. Answers the config's path. */
export const metricsConfig = (folder: string, settings: ContainerSettings): Promise<string> =>
  writeConfig(folder, settings, [
    'evaluate',
    '    input_volumes:',
    '      predictions: { mount_path: /predictions, type: directory }',
    '      labels: { mount_path: /labels, type: directory }',
    '    output_volumes:',
    '      output_path: { mount_path: /result.yaml, type: file }',
  ]);

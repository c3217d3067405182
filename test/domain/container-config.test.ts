import { describe, expect, test } from '@jest/globals';
import { parseContainerConfig } from '../../domain/container-config-parser.ts';
import { StrongroomError } from '../../domain/errors.ts';

const MODEL = `container_type: DockerImage
image: hospital/chest-xray:1.2
tasks:
  infer:
    run_args:
      command: python /app/main.py --data '/mlcommons/volumes/data'
      entrypoint: /bin/sh
      environment: { THREADS: 1.0, LANG: C, FAST: true }
      shm_size: "8gb"
      gpus: all
    input_volumes:
      data_path: { mount_path: /mlcommons/volumes/data, type: directory }
      parameters_file: { mount_path: /mlcommons/volumes/parameters/parameters_file.yaml, type: file }
      additional_files: { mount_path: /mlcommons/volumes/additional_files, type: directory }
    output_volumes:
      output_path: { mount_path: /mlcommons/volumes/predictions, type: directory }
`;

const METRICS = `container_type: DockerImage
image: metrics:1
tasks:
  evaluate:
    input_volumes:
      predictions: { mount_path: /mlcommons/volumes/predictions, type: directory }
      labels: { mount_path: /mlcommons/volumes/labels, type: directory }
      parameters_file: { mount_path: /mlcommons/volumes/parameters/parameters_file.yaml, type: file }
    output_volumes:
      output_path: { mount_path: /mlcommons/volumes/results/results.yaml, type: file }
      local_outputs_path: { mount_path: /mlcommons/volumes/local, type: directory }
`;

function refusal(text: string): StrongroomError {
  try {
    parseContainerConfig(text, 'container_config.yaml');
  } catch (error) {
    if (error instanceof StrongroomError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** The model's config with one part of it written differently. */
const changed = (from: string, to: string): string => {
  expect(MODEL).toContain(from);
  return MODEL.replace(from, to);
};

describe('a container config of MedPerf', () => {
  test('of a model is read as it is', () => {
    expect(parseContainerConfig(MODEL, 'x')).toEqual({
      containerType: 'DockerImage',
      image: 'hospital/chest-xray:1.2',
      tasks: {
        infer: {
          runArgs: {
            command: ['python', '/app/main.py', '--data', '/mlcommons/volumes/data'],
            entrypoint: '/bin/sh',
            environment: { THREADS: '1.0', LANG: 'C', FAST: 'true' },
            shmSize: 8 * 2 ** 30,
            gpus: 'all',
          },
          inputVolumes: {
            data_path: { mountPath: '/mlcommons/volumes/data', type: 'directory' },
            parameters_file: { mountPath: '/mlcommons/volumes/parameters/parameters_file.yaml', type: 'file' },
            additional_files: { mountPath: '/mlcommons/volumes/additional_files', type: 'directory' },
          },
          outputVolumes: { output_path: { mountPath: '/mlcommons/volumes/predictions', type: 'directory' } },
        },
      },
    });
  });

  test('of a metrics container is read as it is, without run_args too', () => {
    const { tasks } = parseContainerConfig(METRICS, 'x');
    expect(tasks.infer).toBeUndefined();
    expect(tasks.evaluate?.runArgs).toEqual({});
    expect(Object.keys(tasks.evaluate?.outputVolumes ?? {})).toEqual(['output_path', 'local_outputs_path']);
  });

  test('stays as its author wrote it: whether a volume may be written follows from its name, when it is mounted', () => {
    const text = MODEL.replace(/ {6}data_path.*\n/, '').concat(
      '      data_path: { mount_path: /data, type: directory }\n',
    );
    const infer = parseContainerConfig(text, 'x').tasks.infer;
    expect(Object.keys(infer?.outputVolumes ?? {})).toEqual(['output_path', 'data_path']);
    expect(infer?.inputVolumes).not.toHaveProperty('data_path');
  });
});

describe('run_args', () => {
  const runArgs = (line: string) =>
    parseContainerConfig(METRICS.replace('  evaluate:\n', `  evaluate:\n    run_args: ${line}\n`), 'x').tasks.evaluate
      ?.runArgs;

  test.each([
    ['{command: a b}', ['a', 'b']],
    [`{command: "a 'b c' \\"d $e\\""}`, ['a', 'b c', 'd $e']],
    [String.raw`{command: 'a\ b "c\"d"'}`, ['a b', 'c"d']],
    ['{command: [a, "b c"]}', ['a', 'b c']],
    ['{command: ""}', []],
    [`{command: "a ''"}`, ['a', '']],
  ])('%s is the command %j', (line, command) => {
    expect(runArgs(line)).toEqual({ command });
  });

  test.each([
    ['"8gb"', 8 * 2 ** 30],
    ['"512m"', 512 * 2 ** 20],
    ['"1.5g"', 1.5 * 2 ** 30],
    ['"64MiB"', 64 * 2 ** 20],
    ['1048576', 2 ** 20],
    ['"100b"', 100],
  ])('shm_size %s is %d bytes', (size, bytes) => {
    expect(runArgs(`{shm_size: ${size}}`)).toEqual({ shmSize: bytes });
  });

  test.each([
    ['2', '2'],
    ['all', 'all'],
    ['"device=0,1"', 'device=0,1'],
  ])('gpus %s are accepted', (gpus, meant) => {
    expect(runArgs(`{gpus: ${gpus}}`)).toEqual({ gpus: meant });
  });

  test.each(['0', '""', '"0"'])('gpus %s mean none', (gpus) => {
    expect(runArgs(`{gpus: ${gpus}}`)).toEqual({});
  });
});

describe('E7: images', () => {
  const image = (type: string, location: string) =>
    parseContainerConfig(METRICS.replace('DockerImage', type).replace('metrics:1', location), 'x').image;

  test.each([
    'model',
    'model:1',
    'localhost:5000/team/model:v1.0',
    'registry.example.org/a/b_c/d-e:latest',
    `model@sha256:${'a'.repeat(64)}`,
    `sha256:${'0'.repeat(64)}`,
  ])('%s names an image', (name) => {
    expect(image('DockerImage', JSON.stringify(name))).toBe(name);
  });

  test.each([
    ['archive.tar.gpg', 'archive.tar.gpg'],
    ['archives/model.tar.gpg', 'archives/model.tar.gpg'],
    ['https://example.org/model.tar.gpg', 'https://example.org/model.tar.gpg'],
    ['direct:https://example.org/model.tar.gpg', 'https://example.org/model.tar.gpg'],
  ])('%s is where an archive is', (location, meant) => {
    expect(image('EncryptedDockerArchive', JSON.stringify(location))).toBe(meant);
  });

  test.each([
    ['DockerImage', '-v/:/h', 'hyphen'],
    ['DockerImage', '--privileged', 'hyphen'],
    ['DockerArchive', '-o', 'hyphen'],
    ['DockerImage', 'Model:1', 'not the name of an image'],
    ['DockerImage', 'a b', 'not the name of an image'],
    ['DockerImage', 'a//b', 'not the name of an image'],
    ['DockerImage', '../model', 'not the name of an image'],
    ['DockerImage', 'model:1?x=y', 'not the name of an image'],
    ['DockerImage', 'https://example.org/x', 'not the name of an image'],
    ['DockerArchive', '../secret.tar', 'beside the config'],
    ['DockerArchive', 'a/../../secret.tar', 'beside the config'],
    ['DockerArchive', '/etc/shadow', 'beside the config'],
    ['DockerArchive', 'a\\b', 'beside the config'],
    ['DockerArchive', 'file:///etc/passwd', 'fetched'],
    ['DockerArchive', 'gopher://example.org/', 'fetched'],
    ['DockerArchive', 'synapse:syn123', 'fetched'],
    ['DockerArchive', 'https://user:word@example.org/x', 'user name'],
    ['DockerArchive', 'http://', 'not a URL'],
  ])('%s %j is refused', (type, location, reason) => {
    const error = refusal(METRICS.replace('DockerImage', type).replace('metrics:1', JSON.stringify(location)));
    expect(error.code).toBe('E_CONTAINER_CONFIG');
    expect(error.message).toContain('line 2, column 8');
    expect(error.message).toContain(reason);
    expect(error.next).toBeTruthy();
  });
});

describe('E7: YAML that means more than it shows', () => {
  test.each([
    ['an alias', 'image: *x', 'alias'],
    ['an anchor', 'image: &x model:1', 'Anchors'],
    ['a tag', 'image: !!str model:1', 'Tags'],
    ['an unknown tag', 'image: !run model:1', 'tag'],
    ['a binary', 'image: !!binary bW9kZWw=', 'tag'],
    ['a second value for the same key', 'image: a\nimage: b', 'twice'],
    ['a second document', 'image: a\n---\nimage: b', 'document'],
  ])('%s is refused', (_what, line, reason) => {
    const error = refusal(changed('image: hospital/chest-xray:1.2', line));
    expect(error.code).toBe('E_CONTAINER_CONFIG');
    expect(error.message).toMatch(/line \d+, column \d+/);
    expect(error.message.toLowerCase()).toContain(reason.toLowerCase());
  });

  test('a billion laughs are refused at the first anchor, not expanded', () => {
    const bomb = Array.from({ length: 20 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(at === 0 ? 0 : 9)}x]`);
    expect(refusal(`${bomb.join('\n')}\n${MODEL}`).message).toMatch(/Anchors|Aliases/);
  });

  test('thousands of brackets and a very long text are refused', () => {
    expect(refusal('['.repeat(50_000)).code).toBe('E_CONTAINER_CONFIG');
    expect(refusal(`#${'x'.repeat(100_000)}\n${MODEL}`).message).toContain('too long');
  });

  test('a merge key is an unknown key', () => {
    expect(refusal(changed('image:', '<<: {}\nimage:')).message).toContain('"<<"');
  });

  test('a directive is refused', () => {
    expect(refusal(`%YAML 1.1\n---\n${MODEL}`).code).toBe('E_CONTAINER_CONFIG');
  });
});

describe('E7: each mistake is told with its place and what to write instead', () => {
  test.each([
    ['an unknown key at the top', 'tasks:', 'user: root\ntasks:', 3, 1, '"user"'],
    ['an unknown container type', 'DockerImage', 'MLCube', 1, 17, 'not a container type'],
    ['a Singularity container', 'DockerImage', 'EncryptedSingularityFile', 1, 17, 'Singularity'],
    ['an image that is a number', 'hospital/chest-xray:1.2', '1.2', 2, 8, '"image" must be a text'],
    ['another task', '  infer:', '  prepare: {}\n  infer:', 4, 3, '"prepare"'],
    ['an unknown run argument', 'gpus: all', 'privileged: true', 10, 7, '"privileged"'],
    ['ports', 'gpus: all', 'ports: ["80:80"]', 10, 7, '"ports"'],
    ['GPUs that are none', 'gpus: all', 'gpus: some', 10, 13, 'GPUs'],
    ['negative GPUs', 'gpus: all', 'gpus: -1', 10, 13, 'GPUs'],
    ['a size that is none', '"8gb"', '"much"', 9, 17, 'not a size'],
    ['a size of nothing', '"8gb"', '0', 9, 17, 'not a size'],
    ['an open quote in the command', `'/mlcommons/volumes/data'`, `"'`, 6, 16, 'quote'],
    [
      'a command with a number',
      `python /app/main.py --data '/mlcommons/volumes/data'`,
      '[a, 1]',
      6,
      20,
      'must be a text',
    ],
    ['an entrypoint list', '/bin/sh', '[/bin/sh]', 7, 19, '"entrypoint" must be a text'],
    ['an environment list', '{ THREADS: 1.0, LANG: C, FAST: true }', '[A=1]', 8, 20, 'map'],
    ['a variable name with a space', 'LANG: C', '"A B": C', 8, 36, 'environment variable'],
    ['a variable without a value', 'LANG: C', 'LANG:', 8, 41, 'LANG'],
    ['an unknown volume', '      data_path:', '      metadata_path:', 12, 7, '"metadata_path"'],
    ['a volume of another task', '      data_path:', '      labels:', 12, 7, '"labels"'],
    ['an unknown type of volume', 'data, type: directory', 'data, type: folder', 12, 63, 'type of volume'],
    ['a volume without a path', 'mount_path: /mlcommons/volumes/data, ', '', 12, 7, 'mount_path'],
    ['a volume with an unknown key', 'data, type:', 'data, mode: rw, type:', 12, 57, '"mode"'],
    ['a relative mount', '/mlcommons/volumes/data, type', 'mlcommons/data, type', 12, 32, 'relative'],
    ['a mount of everything', '/mlcommons/volumes/data, type', '/, type', 12, 32, 'whole image'],
    ['a mount that climbs', '/mlcommons/volumes/data, type', '/mlcommons/../etc, type', 12, 32, '..'],
    ['a mount with an empty part', '/mlcommons/volumes/data, type', '/mlcommons//data, type', 12, 32, 'empty part'],
    ['a mount with a slash at its end', '/mlcommons/volumes/data, type', '/mlcommons/, type', 12, 32, 'empty part'],
    ['a mount over /proc', '/mlcommons/volumes/data, type', '/proc/self, type', 12, 32, 'container itself'],
    ['a mount over /dev', '/mlcommons/volumes/data, type', '/dev, type', 12, 32, 'container itself'],
    ['a mount with a colon', '/mlcommons/volumes/data, type', '"/data:rw", type', 12, 32, 'unusual'],
  ])('%s', (_what, from, to, line, column, reason) => {
    const error = refusal(changed(from, to));
    expect(error.code).toBe('E_CONTAINER_CONFIG');
    expect(error.message).toContain(reason);
    expect(error.message).toContain(`line ${line}, column ${column}`);
    expect(error.message).toContain('container_config.yaml');
  });

  test.each([
    ['the same place', '/mlcommons/volumes/data', 'same place'],
    ['a place inside another', '/mlcommons/volumes/data/out', 'inside'],
    ['a place around another', '/mlcommons', 'inside'],
  ])('two volumes: %s', (_what, path, reason) => {
    expect(refusal(changed('/mlcommons/volumes/predictions', path)).message).toContain(reason);
  });

  test('a volume in both lists', () => {
    const error = refusal(
      changed('      output_path:', '      data_path: { mount_path: /d, type: directory }\n      output_path:'),
    );
    expect(error.message).toContain('listed twice');
  });

  test.each([
    ['nothing', ''],
    ['a list', '- a'],
    ['a text', 'hello'],
    ['no image', 'container_type: DockerImage\ntasks: {}'],
    ['no tasks', 'container_type: DockerImage\nimage: a\ntasks: {}'],
    ['tasks that are a list', 'container_type: DockerImage\nimage: a\ntasks: [infer]'],
    ['a task without volumes', 'container_type: DockerImage\nimage: a\ntasks: {infer: {}}'],
    ['broken YAML', 'container_type: "DockerImage\nimage: a'],
    ['a tab for indentation', 'tasks:\n\tinfer: {}'],
  ])('%s', (_what, text) => {
    const error = refusal(text);
    expect(error.code).toBe('E_CONTAINER_CONFIG');
    expect(error.message).toMatch(/line \d+, column \d+/);
  });
});

describe('a container config of a function', () => {
  const FUNCTION = 'container_type: Function\nimage: .\ntasks:\n  infer: {}\n';

  test('names its folder and its task, for which there is nothing to mount', () => {
    expect(parseContainerConfig(FUNCTION, 'x')).toEqual({
      containerType: 'Function',
      image: '.',
      tasks: { infer: { runArgs: {}, inputVolumes: {}, outputVolumes: {} } },
    });
  });

  test.each([
    ['a URL', FUNCTION.replace('image: .', 'image: https://example.org/function')],
    ['a folder elsewhere', FUNCTION.replace('image: .', 'image: ../function')],
    ['something to mount', FUNCTION.replace('infer: {}', 'infer: { input_volumes: {} }')],
    ['another way to start it', FUNCTION.replace('infer: {}', 'infer: { run_args: { command: sh } }')],
  ])('is refused with %s', (_name, text) => {
    expect(refusal(text).code).toBe('E_CONTAINER_CONFIG');
  });
});

/** Parses MedPerf's `container_config.yaml` as it is, and says of each mistake where it is and what to write instead. */
import type { ContainerConfig, ContainerType, TaskConfig, TaskName } from './container-config.ts';
import { CONTAINER_TYPES, TASK_NAMES } from './container-config.ts';
import { parseImageLocation } from './container-config-image.ts';
import { parseRunArgs } from './container-config-run-args.ts';
import { parseTaskVolumes } from './container-config-volumes.ts';
import type { Complain, Field } from './yaml-reader.ts';
import { fieldsOf, knownFields, readYaml, textOf } from './yaml-reader.ts';

const MAX_LENGTH = 64 * 1024;

/**
 * The config that `yamlText` holds. `sourceName` (a file name or a container's name) is only used in messages.
 * Fails with `E_CONTAINER_CONFIG`, line and column included.
 */
export function parseContainerConfig(yamlText: string, sourceName: string): ContainerConfig {
  const what = `container config ${sourceName}`;
  const { root, complain } = readYaml(yamlText, { code: 'E_CONTAINER_CONFIG', what, maxBytes: MAX_LENGTH });
  const known = ['container_type', 'image', 'tasks'] as const;
  const fields = knownFields(root, 'The container config', known, complain);
  const field = (name: (typeof known)[number]): Field => {
    const found = fields[name];
    if (found) return found;
    throw complain(root, `"${name}" is missing.`, `Write container_type, image and tasks.`);
  };
  const containerType = parseContainerType(field('container_type').value, complain);
  const image = field('image').value;
  return {
    containerType,
    image: parseImageLocation(textOf(image, '"image"', complain), containerType, (problem, next) =>
      complain(image, problem, next),
    ),
    tasks: parseTasks(field('tasks'), containerType, complain),
  };
}

function parseContainerType(node: unknown, complain: Complain): ContainerType {
  const text = textOf(node, '"container_type"', complain);
  const type = CONTAINER_TYPES.find((candidate) => candidate === text);
  if (type) return type;
  const problem = text.includes('Singularity')
    ? 'Singularity containers cannot be run here.'
    : `${JSON.stringify(text)} is not a container type.`;
  throw complain(node, problem, `Write one of: ${CONTAINER_TYPES.join(', ')}.`);
}

function parseTasks(tasks: Field, type: ContainerType, complain: Complain): Partial<Record<TaskName, TaskConfig>> {
  const parsed: Partial<Record<TaskName, TaskConfig>> = {};
  for (const task of fieldsOf(tasks.value, '"tasks"', complain)) {
    const name = TASK_NAMES.find((candidate) => candidate === task.name);
    if (!name) {
      const next = `Keep only: ${TASK_NAMES.join(', ')}. A container for other tasks is not a model or metrics container.`;
      throw complain(task.node, `The task ${JSON.stringify(task.name)} is not run here.`, next);
    }
    parsed[name] = type === 'Function' ? parseFunctionTask(task, name, complain) : parseTask(task, name, complain);
  }
  if (Object.keys(parsed).length > 0) return parsed;
  throw complain(
    tasks.node,
    '"tasks" is empty.',
    'Write "infer" for a model container or "evaluate" for a metrics container.',
  );
}

/** A function is handed its input and hands back its answer: there is nothing to mount, and nothing to start otherwise. */
function parseFunctionTask(task: Field, name: TaskName, complain: Complain): TaskConfig {
  knownFields(task.value, `The task "${name}" of a function`, [], complain);
  return { runArgs: {}, inputVolumes: {}, outputVolumes: {} };
}

function parseTask(task: Field, name: TaskName, complain: Complain): TaskConfig {
  const known = ['run_args', 'input_volumes', 'output_volumes'] as const;
  const fields = knownFields(task.value, `The task "${name}"`, known, complain);
  return {
    runArgs: parseRunArgs(fields.run_args?.value, complain),
    ...parseTaskVolumes(name, task, fields.input_volumes?.value, fields.output_volumes?.value, complain),
  };
}

/** Where a container's image is: the name of a local image, a file beside the config, or an http(s) URL. */
import type { ContainerType } from './container-config.ts';
import type { StrongroomError } from './errors.ts';

type Refuse = (problem: string, next: string) => StrongroomError;

/** A name as Docker's reference grammar has it: registry, path, tag and digest, or a bare image id. */
const IMAGE_NAME =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const IMAGE_ID = /^sha256:[0-9a-f]{64}$/;
const MAX_LENGTH = 255;

/** Whether `text` can be handed to Docker as the name of an image; what begins with `-` never can. */
export const isImageName = (text: string): boolean =>
  text.length <= MAX_LENGTH && (IMAGE_NAME.test(text) || IMAGE_ID.test(text)) && !/[._/-]{3}|\.\.|\/\//.test(text);

/** What `image` of a container config means for a container of this type; `direct:` before a URL is MedPerf's word. */
export function parseImageLocation(text: string, type: ContainerType, refuse: Refuse): string {
  if (text.startsWith('-'))
    throw refuse('"image" begins with a hyphen.', 'Write the name of an image, a file or a URL.');
  if (type === 'DockerImage') {
    if (isImageName(text)) return text;
    throw refuse(
      `${JSON.stringify(text)} is not the name of an image.`,
      'Write it as Docker does: name:tag, in lower case.',
    );
  }
  if (type === 'Function') return parsePath(text, refuse);
  const location = text.startsWith('direct:') ? text.slice('direct:'.length) : text;
  return /^[a-z][a-z0-9+.-]*:/i.test(location) ? parseUrl(location, refuse) : parsePath(location, refuse);
}

function parseUrl(text: string, refuse: Refuse): string {
  const next = 'Write an http or https URL without a user name, or a file beside the config.';
  if (!URL.canParse(text)) throw refuse(`${JSON.stringify(text)} is not a URL.`, next);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refuse(`An image cannot be fetched by "${url.protocol}".`, next);
  }
  if (url.username !== '' || url.password !== '')
    throw refuse('The URL of "image" holds a user name or password.', next);
  return text;
}

function parsePath(text: string, refuse: Refuse): string {
  const parts = text.split('/');
  const plain = parts.every((part) => part !== '' && part !== '..' && !/[\p{Cc}\\]/u.test(part));
  if (plain && text.length <= MAX_LENGTH) return text;
  throw refuse(
    `${JSON.stringify(text)} is not a file beside the config.`,
    'Write a path that starts at the folder of the config and does not leave it.',
  );
}

/** Pictures as numbers. JPEG and PNG only, told by their first bytes: the other decoders stay out of reach. */
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { StrongroomError } from '../../domain/errors.ts';

sharp.cache(false);
sharp.concurrency(1);

/** 50 megapixels: more than cameras make, and 150 MB as colours. */
const MAX_PIXELS = 50_000_000;

export interface PictureWish {
  /** The shorter side after resizing; the picture keeps its form. */
  readonly shorterSide: number;
  /** Side of the square that is cut from the middle; without it the picture stays as it is. */
  readonly crop?: number;
  /** How it is resized: `cubic` as in most models, `linear` as torchvision does by default. */
  readonly kernel?: 'cubic' | 'linear';
  readonly colour?: 'rgb' | 'grey';
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Row by row, the channels of a pixel side by side. */
  readonly pixels: Uint8Array;
}

/** Decodes a JPEG or PNG. Fails with `E_INPUT_INVALID` on anything else, on damage and on more than 50 megapixels. */
export async function decodePicture(input: Uint8Array, wish: PictureWish): Promise<Picture> {
  if (!isJpeg(input) && !isPng(input)) throw noPicture('It is neither a JPEG nor a PNG.');
  try {
    const picture = sharp(input, { limitInputPixels: MAX_PIXELS, failOn: 'error', autoOrient: true, pages: 1 });
    const sized = await resized(picture, wish);
    const coloured = sized.removeAlpha().toColourspace(wish.colour === 'grey' ? 'b-w' : 'srgb');
    const { data, info } = await coloured.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels, pixels: data };
  } catch (error) {
    const tooLarge = error instanceof Error && /pixel limit|too large|exceeds/i.test(error.message);
    throw noPicture(tooLarge ? `It has more than ${MAX_PIXELS} pixels.` : 'It is damaged, or not a picture at all.');
  }
}

async function resized(picture: Sharp, { shorterSide, crop, kernel = 'cubic' }: PictureWish) {
  const { width, height } = (await picture.metadata()).autoOrient;
  if (width * height > MAX_PIXELS) throw new Error('exceeds the limit');
  const scale = shorterSide / Math.min(width, height);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  const whole = picture.resize(wide, high, { kernel, fit: 'fill', fastShrinkOnLoad: false });
  if (crop === undefined) return whole;
  const from = (side: number) => Math.max(0, Math.round((side - crop) / 2));
  return whole.extract({
    left: from(wide),
    top: from(high),
    width: Math.min(crop, wide),
    height: Math.min(crop, high),
  });
}

const isJpeg = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
const isPng = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 8)).equals(PNG);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const noPicture = (why: string) =>
  new StrongroomError('E_INPUT_INVALID', 'The input is no picture that can be taken.', {
    why,
    next: 'Send a JPEG or PNG of at most 50 megapixels.',
  });

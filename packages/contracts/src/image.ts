import { z } from 'zod';

/**
 * A container image as `docker run` takes it: `[registry[:port]/]path[:tag][@digest]`, at most 255 characters
 * (distribution/reference). It needs glibc 2.28 or newer and git; the runner brings its own Node.
 */
export const ImageName = z
  .string()
  .max(255)
  .regex(
    /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|__?|-+|\/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
    'not the name of a container image',
  );
export type ImageName = z.infer<typeof ImageName>;

/** `GET /examination`: what a node finds out about its machine and itself, for `quorate doctor`. It writes to the disk, so one at a time. */

import type { FastifyInstance } from 'fastify';
import type { Examination } from '../examination/examination.ts';

/** Adds it to `app`. All that ask while one is made get that one. */
export function addExaminationRoute(app: FastifyInstance, examine: () => Promise<Examination>): void {
  let underWay: Promise<Examination> | undefined;
  app.get('/examination', async (_request, reply) => {
    underWay ??= examine().finally(() => {
      underWay = undefined;
    });
    return reply.header('cache-control', 'no-store').send(await underWay);
  });
}

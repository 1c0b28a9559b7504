/** What answers a command or a proxy need not be a node. */

import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { hostPortIn } from '../../../src/cli/options.ts';
import { answerLimitBytes, requestHttp, textOfAnswer } from '../../../src/services/http/request.ts';
import { serving } from '../../fixtures/http.ts';

const asked = async (listener: RequestListener, idleMs?: number): Promise<string> => {
  const at = hostPortIn(await serving(listener));
  return textOfAnswer(await requestHttp({ at, path: '/', ...(idleMs === undefined ? {} : { idleMs }) }));
};

test('an answer is read as a whole up to a limit, and its connection is ended beyond', async () => {
  const whole = Buffer.alloc(answerLimitBytes, 'x');
  expect((await asked((_, response) => response.end(whole))).length).toBe(answerLimitBytes);
  const longer: RequestListener = (_, response) => {
    response.write(whole);
    response.end('x');
  };
  await expect(asked(longer)).rejects.toMatchObject({ code: 'ANSWER_LIMIT' });
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const endless: RequestListener = (_, response) => {
    const tell = (): void => {
      while (response.write(whole));
      response.once('drain', tell);
    };
    response.once('close', ended);
    tell();
  };
  await expect(asked(endless)).rejects.toMatchObject({ code: 'ANSWER_LIMIT' });
  await end;
});

test('a request to what says nothing, or no more, ends when it has waited long enough', async () => {
  await expect(asked(() => undefined, 50)).rejects.toThrow('nothing came for 50 ms');
  const halting: RequestListener = (_, response) => void response.writeHead(200).write('half');
  await expect(asked(halting, 50)).rejects.toThrow();
});

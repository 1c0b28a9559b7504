import { expect, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { runCommand } from '../../../src/resources/managed/command.ts';

const clock = systemClock();
const timeoutMs = 60_000;
const manyCharacters = 'x'.repeat(300_000);

test('commands that end together, in a process that is busy, are each read to the end', async () => {
  let turn = 0;
  const busy = setInterval(() => {
    turn += 1;
    const untilMs = performance.now() + ((turn * 2.6) % 6);
    while (performance.now() < untilMs);
  }, 1);
  for (let round = 0; round < 6; round += 1) {
    const commands = Array.from({ length: 40 }, (_, index) =>
      runCommand(['sh', '-c', `echo ${index}`], { clock, timeoutMs }),
    );
    const results = await Promise.all(commands);
    expect(results).toEqual(results.map((_, index) => ({ exitCode: 0, stdout: `${index}\n`, stderr: '' })));
  }
  clearInterval(busy);
});

test('a long output is read to its end, and cut off at its bound', async () => {
  const input = manyCharacters;
  expect((await runCommand(['cat'], { clock, timeoutMs, input })).stdout).toHaveLength(300_000);
  expect((await runCommand(['cat'], { clock, timeoutMs, input, maxOutputBytes: 70_000 })).stdout).toHaveLength(70_000);
});

test('a server that a command starts may keep its output open', async () => {
  const { stdout } = await runCommand(['sh', '-c', 'sleep 60 & echo $!'], { clock, timeoutMs });
  process.kill(Number(stdout));
  expect(stdout).toMatch(/^\d+\n$/);
});

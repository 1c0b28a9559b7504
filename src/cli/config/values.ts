/** Values that stand in configuration files of several commands, and how a file is read. */

import * as v from 'valibot';
import { isId } from '../../../statecharts/actor.ts';
import { messageOf } from '../../environment/message.ts';
import { FileError } from '../errors.ts';
import { hostPortIn } from '../options.ts';
import { readText } from './files.ts';

/** `HOST:PORT`, of a port that can be dialled. */
export const hostPort = v.pipe(
  v.string('expected HOST:PORT'),
  v.check((text) => {
    try {
      return hostPortIn(text).port > 0;
    } catch {
      return false;
    }
  }, 'expected HOST:PORT'),
  v.transform(hostPortIn),
);

export const nodeId = v.pipe(v.string(), v.check(isId, 'expected a node id'));

/** Reads a file of one JSON object. @throws FileError */
export function readJson(path: string): object {
  const content = parsedAt(path);
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  const what = Array.isArray(content) ? 'a list' : JSON.stringify(content);
  throw new FileError(`expected a JSON object at '${path}', got ${what}; put its keys between { and }`);
}

function parsedAt(path: string): unknown {
  try {
    const content: unknown = JSON.parse(readText(path));
    return content;
  } catch (cause) {
    throw new FileError(`expected a JSON file at '${path}': ${messageOf(cause)}`, { cause });
  }
}

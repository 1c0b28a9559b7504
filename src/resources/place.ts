/** Where a server is that may move: a function of the application knows, and is asked again when something is wrong. */

import type { Clock } from '../environment/clock.ts';
import { messageOf } from '../environment/message.ts';
import { within } from './deadline.ts';
import { ResourceAddressError } from './errors.ts';

/** A URL, or a function that says it. */
export type Place = string | (() => string | Promise<string>);

export interface Locator {
  /**
   * Where to connect to now.
   *
   * @throws ResourceAddressError when the function fails, does not answer in time, or says no URL
   */
  locate(timeoutMs: number): Promise<string>;
  /** Whether this was the last answer. */
  isCurrent(url: string): boolean;
  /**
   * Asks again, so that connections to an earlier place are found out; to be called when one was lost. Never throws:
   * the next connection asks, too, and hears the error.
   */
  recheck(): void;
  /** Learns nothing more. Idempotent. */
  close(): void;
}

export interface LocatorParts {
  /** For messages: the name of the resource. */
  readonly name: string;
  readonly clock: Clock;
  /** Accepted in URLs, for instance `postgres:`. */
  readonly protocols: readonly string[];
  find(): unknown;
}

const recheckTimeoutMs = 5_000;

export function createLocator({ name, clock, protocols, find }: LocatorParts): Locator {
  let current: string | undefined;
  /** Answers may overtake one another: only the one that was asked for last counts. */
  let asked = 0;
  let isRechecking = false;

  const locate = async (timeoutMs: number): Promise<string> => {
    asked += 1;
    const turn = asked;
    let found: unknown;
    try {
      found = await within(clock, Promise.resolve().then(find), timeoutMs, `the function that says where '${name}' is`);
    } catch (cause) {
      throw new ResourceAddressError(`the function that says where '${name}' is failed: ${messageOf(cause)}`, {
        cause,
      });
    }
    const url = assertUrl(name, found, protocols);
    if (turn === asked) current = url;
    return url;
  };
  return {
    locate,
    isCurrent: (url) => url === current,
    recheck() {
      if (isRechecking) return;
      isRechecking = true;
      locate(recheckTimeoutMs)
        .catch(() => undefined)
        .finally(() => {
          isRechecking = false;
        });
    },
    close: () => undefined,
  };
}

function assertUrl(name: string, found: unknown, protocols: readonly string[]): string {
  // Passwords are in URLs: messages show what is wrong, never the URL.
  const given =
    typeof found !== 'string'
      ? `a ${found === null ? 'null' : typeof found}`
      : URL.canParse(found)
        ? `a URL with ${new URL(found).protocol}`
        : 'text that is no URL';
  if (typeof found === 'string' && URL.canParse(found) && protocols.includes(new URL(found).protocol)) return found;
  throw new ResourceAddressError(
    `expected the function that says where '${name}' is to answer a URL with ${protocols.join(' or ')}, got ${given}`,
  );
}

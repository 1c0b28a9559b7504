/**
 * What bearers of tokens may do. An operator lists names, roles and prefixes of keys; the token of a name is derived from the
 * secret of the cluster, so that the list holds nothing that must be hidden, and to leave a name out is to revoke its token.
 */

import * as v from 'valibot';
import { QuorateError } from '../../../statecharts/actor.ts';
import { isTokenName } from '../../bus/tcp.ts';
import { jsonIn } from '../http/json.ts';
import { problemOfKey } from '../store/key-value/commands.ts';

/** Each may do what those before it may: read keys, write them, and change the cluster or copy all of it. */
export const roles = ['read', 'write', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What the bearer of one token may do. */
export interface Grant {
  readonly name: string;
  readonly role: Role;
  /** The keys that it concerns begin with one of these; left out, all do. */
  readonly prefixes?: readonly string[] | undefined;
}

/** A list of grants that makes no sense. */
export class GrantsError extends QuorateError {
  readonly code = 'GRANTS';
}

/** Tokens that a list may name. */
const grantsLimit = 1_000;
/** Prefixes of one token. */
const prefixesLimit = 100;

const grant = v.pipe(
  v.strictObject({
    name: v.pipe(v.string(), v.check(isTokenName, "expected 1 to 64 letters, digits, '-' or '_'")),
    role: v.picklist(roles),
    prefixes: v.exactOptional(
      v.pipe(
        v.array(
          v.pipe(
            v.string(),
            v.check((text) => problemOfKey(text) === undefined, 'expected how keys begin'),
          ),
        ),
        v.minLength(1, 'expected one prefix or more; leave it out where all keys are meant'),
        v.maxLength(prefixesLimit),
      ),
    ),
  }),
  v.check(
    ({ role, prefixes }) => role !== 'admin' || prefixes === undefined,
    'expected no prefixes of an admin, who copies all keys',
  ),
);
const grants = v.strictObject({
  tokens: v.pipe(
    v.array(grant),
    v.maxLength(grantsLimit),
    v.check((all) => new Set(all.map(({ name }) => name)).size === all.length, 'expected each name once'),
  ),
});

/**
 * Reads `{ "tokens": [{ "name": "app", "role": "write", "prefixes": ["app/"] }] }`.
 *
 * @param source where it stands, for errors
 * @throws GrantsError
 */
export function grantsIn(text: string, source: string): readonly Grant[] {
  const parsed = v.safeParse(grants, jsonIn(text));
  if (parsed.success) return parsed.output.tokens;
  const [issue] = parsed.issues;
  const example = '{ "tokens": [{ "name": "app", "role": "write", "prefixes": ["app/"] }] }';
  throw new GrantsError(
    `expected ${source} to read like ${example}: ${v.getDotPath(issue) ?? 'all of it'}: ${issue.message}; mend it`,
  );
}

/** What tokens may do now. */
export interface GrantBook {
  /** Of the token of a name; undefined for one that is not listed. The same object as long as it may do the same. */
  of(name: string): Grant | undefined;
  /** Replaces the list. @returns the names that may do something else now, or nothing any more */
  set(grants: readonly Grant[]): ReadonlySet<string>;
  names(): readonly string[];
}

/** Makes a book of a list. */
export function createGrantBook(grants: readonly Grant[]): GrantBook {
  let known = new Map(grants.map((grant) => [grant.name, grant]));
  return {
    of: (name) => known.get(name),
    set(next) {
      const before = known;
      known = new Map(
        next.map((grant) => {
          const former = before.get(grant.name);
          return [
            grant.name,
            JSON.stringify(former) === JSON.stringify(grant) && former !== undefined ? former : grant,
          ];
        }),
      );
      return new Set([...before].flatMap(([name, grant]) => (known.get(name) === grant ? [] : [name])));
    },
    names: () => [...known.keys()],
  };
}

/** Which keys a request concerns: one, those with a prefix, those between two, all, or none. */
export type Scope =
  | 'all'
  | 'none'
  | { readonly key: string }
  | { readonly prefix: string }
  | { readonly from: string; readonly to: string };

/** What a request needs. */
export interface Need {
  readonly role: Role;
  readonly scope: Scope;
}

/** Whether a grant covers a need. */
export const covers = ({ role, prefixes }: Grant, need: Need): boolean =>
  roles.indexOf(role) >= roles.indexOf(need.role) &&
  (prefixes === undefined || prefixes.some((prefix) => isWithin(need.scope, prefix)));

function isWithin(scope: Scope, prefix: string): boolean {
  if (scope === 'all') return false;
  if (scope === 'none') return true;
  if ('key' in scope) return scope.key.startsWith(prefix);
  if ('prefix' in scope) return scope.prefix.startsWith(prefix);
  // Keys that begin alike stand together: what stands between two of them begins so, too.
  return scope.from.startsWith(prefix) && scope.to.startsWith(prefix);
}

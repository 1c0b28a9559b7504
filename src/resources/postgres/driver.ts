/** The driver of PostgreSQL, an optional dependency. The only module that loads `pg`. */

import { DriverMissingError } from '../errors.ts';

let driver: Promise<typeof import('pg')> | undefined;

/** @throws DriverMissingError where it is not installed */
export function loadDriver(): Promise<typeof import('pg')> {
  driver ??= import('pg').catch((cause: unknown) => {
    driver = undefined;
    throw new DriverMissingError("expected the package 'pg' (8.23 or later); install it: npm install pg", { cause });
  });
  return driver;
}

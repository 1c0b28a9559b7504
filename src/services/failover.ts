/** Surviving a dead primary, so far: watching nodes. Experimental: names and shapes may change between minor versions. */

export * from '../../statecharts/failover.ts';
export * from './failover/detectors.ts';

/**
 * Bundles the dashboard's page, and the playground's, into `dist/dashboard`. It needs nothing from elsewhere, and no script or style stands in its
 * HTML, so that a server may forbid both. The charts are laid out here, once, and fetched when they are looked at.
 */

import { defineConfig, type Plugin } from 'vite';
import { chartAssets } from './src/dashboard/build/assets.ts';

const root = import.meta.dirname;

/** Serves and emits what the page fetches of the charts: an index, and a file for each. */
function charts(): Plugin {
  return {
    name: 'quorate-charts',
    async generateBundle() {
      for (const [fileName, source] of Object.entries(await chartAssets(root))) {
        this.emitFile({ type: 'asset', fileName, source });
      }
    },
  };
}

export default defineConfig({
  root: `${root}/src/dashboard/app`,
  base: './',
  publicDir: false,
  build: {
    outDir: `${root}/dist/dashboard`,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: [`${root}/src/dashboard/app/index.html`, `${root}/src/dashboard/app/playground.html`],
    },
  },
  worker: { format: 'es' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  logLevel: 'warn',
  plugins: [charts()],
});

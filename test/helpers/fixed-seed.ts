/**
 * Property tests of `npm test` draw the same values each time, so that a run says something about a
 * change and not about luck; `npm run fuzz` looks for news. Loaded by --import.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20_261_121 });

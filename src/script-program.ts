import { serveScript } from './executors/protocol/serve-script.ts';
import * as job from './job.ts';

// What a JavaScript or TypeScript script is executed by, inside its sandbox.

serveScript({ 'rowmill/job': job });

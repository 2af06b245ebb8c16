// In the page: the runner, for tests to call.

import * as runner from "../src/client/runner";
import { openSandbox } from "../src/client/runner";

Object.assign(window, { runner, sandbox: openSandbox({ limit: 3000 }) });

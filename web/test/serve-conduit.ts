// A Conduit by itself: prints its address, and ends with its standard input.

import { stdin, stdout } from "node:process";
import { serveConduit } from "./conduit";

const { url, server } = await serveConduit();
stdout.write(`${url}\n`);
stdin.resume().on("end", () => server.close().closeAllConnections());

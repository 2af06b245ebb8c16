// Lets Postman's own runtime send every request of the collections on standard input to a recorder on loopback, and
// prints what arrived. In: [{collection, environment}]. Out: for each of them a list with an entry a request, in order:
// {name, error?, sent: [{scheme, host, port, method, target, headers: [[name, value]], body: BASE64}]}.
'use strict';

const fs = require('fs');
const http = require('http');
const https = require('https');
const net = require('net');
const { Collection, VariableScope } = require('postman-collection');
const { Runner } = require('postman-runtime');

// What a request is recorded under while it runs: they run one after the other.
let current;

// Whatever the address, the connection is one to the recorder, and TLS is left out of it.
function agent(scheme, port) {
    const agent = new (scheme === 'https' ? https : http).Agent({ keepAlive: false });
    agent.createConnection = (options) => {
        current.to = { scheme, host: options.host, port: String(options.port) };
        return net.connect(port, '127.0.0.1');
    };
    return agent;
}

function record(request, response) {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
        const headers = [];
        for (let at = 0; at < request.rawHeaders.length; at += 2) {
            headers.push([request.rawHeaders[at], request.rawHeaders[at + 1]]);
        }
        const body = Buffer.concat(chunks).toString('base64');
        current.sent.push({ ...current.to, method: request.method, target: request.url, headers, body });
        response.writeHead(200, { 'Content-Length': 0, Connection: 'close' });
        response.end();
    });
}

// Without scripts: nobody runs them on the other side.
function withoutScripts(item) {
    delete item.event;
    (item.item || []).forEach(withoutScripts);
    return item;
}

// Files are asked for by names within the working folder.
const files = { stat: fs.stat, createReadStream: fs.createReadStream };

function run({ collection, environment }, agents) {
    const entries = [];
    const options = {
        environment: new VariableScope(environment || {}),
        fileResolver: files,
        timeout: { request: 10000, global: 60000 },
        requester: {
            agents,
            useWhatWGUrlParser: true,
            implicitCacheControl: false,
            implicitTraceHeader: false,
            followRedirects: false,
            strictSSL: false
        }
    };
    return new Promise((resolve, reject) => {
        new Runner().run(new Collection(withoutScripts(collection)), options, (error, run) => {
            if (error) { return reject(error); }
            run.start({
                beforeItem: (error, cursor, item) => {
                    current = { name: item.name, sent: [] };
                    entries.push(current);
                },
                request: (error) => { error && (current.error = String(error.message || error)); },
                exception: (cursor, error) => { current.error = String(error.message || error); },
                done: (error) => {
                    entries.forEach((entry) => delete entry.to);
                    error ? reject(error) : resolve(entries);
                }
            });
        });
    });
}

async function main() {
    const runs = JSON.parse(fs.readFileSync(0, 'utf8'));
    const servers = [0, 1].map(() => http.createServer({ insecureHTTPParser: true, requireHostHeader: false }, record));
    const ports = await Promise.all(servers.map((server) => new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve(server.address().port));
    })));
    const agents = { http: agent('http', ports[0]), https: agent('https', ports[1]) };
    const out = [];
    for (const one of runs) { out.push(await run(one, agents)); }
    servers.forEach((server) => server.close());
    await new Promise((resolve) => process.stdout.write(JSON.stringify(out), resolve));
}

main().then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
});

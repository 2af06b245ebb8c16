// Makes the table of what `run` measured: one row a server, in the order given.
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';

const [work, names, core] = process.argv.slice(2);
const titles = {
  loggia: '**Loggia**, partner sessions',
  nchan: 'nchan',
  mosquitto: 'Mosquitto over WebSockets',
  nats: 'NATS over WebSockets',
  socketio: 'Socket.IO',
  ws: 'ws on Node',
};
const text = (name) => (existsSync(`${work}/${name}`) ? readFileSync(`${work}/${name}`, 'utf8').trim() : null);
const ratio = ({ median, q1, q3 }, digits) => `${median.toFixed(digits)} [${q1.toFixed(digits)}–${q3.toFixed(digits)}]`;
const way = ({ floor_ratio, us_per_delivery, floor_us_per_delivery }, digits) =>
  [ratio(floor_ratio, digits), us_per_delivery.toFixed(2), floor_us_per_delivery.toFixed(2)].join(' | ');

const rows = [];
let setting;
for (const name of names.split(/\s+/).filter(Boolean)) {
  const figures = JSON.parse(text(`${name}.json`) ?? 'null');
  if (!figures) {
    rows.push(`| ${titles[name]} | ${text(`${name}.missing`) ?? 'no figures'} | | | | | | |`);
    continue;
  }
  setting ??= figures;
  const { one_at_a_time, backlog, rss_kib_per_session } = figures;
  rows.push(`| ${titles[name]} | ${way(one_at_a_time, 2)} | ${way(backlog, 3)} | ${rss_kib_per_session.toFixed(1)} |`);
}
const versions = names.split(/\s+/).map((name) => text(`${name}.version`)).filter(Boolean);
const gib = (os.totalmem() / 2 ** 30).toFixed(0);

console.log(`# Loggia beside other servers

Printed by \`load/compare/run\` on ${new Date().toISOString().slice(0, 10)}: ${os.cpus()[0].model.trim()}, ${os.cpus().length} cores, ${gib} GiB, Linux ${os.release()};
server on core ${core}, client on the next, over loopback. ${setting?.sessions ?? 'No'} sessions, messages of ${setting?.event_bytes ?? '–'} bytes, ${setting?.rounds ?? '–'} rounds.

*× floor*: CPU of the server's process for one delivery, over that of a bare loop that writes each socket one ready
frame; the median of the rounds' pairs, with quartiles. *µs*: CPU a delivery, the rounds' median. *Back to back*: 200 messages
published at once (fewer among more than 2,000 sessions; at Loggia always 200). Loggia writes each edit to disk before
anyone is told of it, which is in its figures; the others keep nothing on disk.

| server | one at a time, × floor | µs | floor's µs | back to back, × floor | µs | floor's µs | KiB a session |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

${versions.map((version) => `- ${version}`).join('\n')}`);
const table = text('loggia.table');
if (table) console.log(`\nLoggia in full (\`load limit\`):\n\n\`\`\`\n${table}\n\`\`\``);

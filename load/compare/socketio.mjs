// Socket.IO over WebSockets alone: what one socket says goes to all others.
import { Server } from 'socket.io';

const io = new Server({ transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  socket.on('edits', (edit) => socket.broadcast.emit('edits', edit));
});
io.attach(Number(process.argv[2]), { host: '127.0.0.1' });

import type { Socket } from 'node:net';

/**
 * Waits until `attempt` gives something, calling it now and whenever there is more to read.
 * Rejects when the socket fails, ends or closes before, or the signal fires. Leaves the socket paused, with nothing read ahead.
 */
export function readUntil<T>(socket: Socket, signal: AbortSignal, attempt: () => T | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (action: () => void) => {
      socket.off('readable', onReadable);
      socket.off('error', onError);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
      signal.removeEventListener('abort', onAbort);
      action();
    };
    const onReadable = () => {
      try {
        const result = attempt();
        if (result !== undefined) settle(() => resolve(result));
      } catch (error) {
        settle(() => reject(error as Error));
      }
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onEnd = () => settle(() => reject(new Error('the connection was closed')));
    const onAbort = () => settle(() => reject(signal.reason as Error));
    socket.on('readable', onReadable);
    socket.on('error', onError);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else onReadable();
  });
}

/** Resolves at the event that says the socket is usable. Rejects with the socket's error, or the signal's reason. */
export function whenReady(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const settle = (action: () => void) => {
      socket.off(event, onReady);
      socket.off('error', onError);
      socket.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      action();
    };
    const onReady = () => settle(resolve);
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => reject(new Error('the connection was closed')));
    const onAbort = () => settle(() => reject(signal.reason as Error));
    socket.on(event, onReady);
    socket.on('error', onError);
    socket.on('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

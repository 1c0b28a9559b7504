/**
 * The page of the inspector, which runs in a browser. It hands what comes over the WebSocket to the inspector, which lives in
 * a frame and says when it is ready. A connection that is gone is made again. The inspector comes from the internet: without
 * it, the page says so.
 */

export const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Quorate</title>
<style>
  html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0 }
  #notice { position: fixed; inset: auto 0 0 0; padding: 0.5em 1em; font: 1em sans-serif; background: #fd6; color: #000 }
</style></head>
<body><p id="notice" role="status">Loading the Stately Inspector from stately.ai ...</p>
<iframe src="https://stately.ai/inspect" title="Stately Inspector"></iframe>
<script>
  const notice = document.querySelector('#notice');
  const say = (text) => { notice.textContent = text; notice.hidden = text === ''; };
  const frame = document.querySelector('iframe').contentWindow;
  const offline = setTimeout(() => say('The Stately Inspector has not loaded: this page needs https://stately.ai/inspect. Without the internet, connect a viewer of the events of @statelyai/inspect to this address as a WebSocket.'), 8000);
  let waitMs = 500;
  const connect = () => {
    const socket = new WebSocket(location.href.replace('http', 'ws'));
    socket.onopen = () => { waitMs = 500; say(''); };
    socket.onmessage = ({ data }) => frame.postMessage(JSON.parse(data), '*');
    socket.onclose = () => {
      say('The node does not answer; asking again ...');
      setTimeout(connect, waitMs);
      waitMs = Math.min(2 * waitMs, 10000);
    };
  };
  addEventListener('message', ({ data }) => {
    if (data?.type !== '@statelyai.connected') return;
    clearTimeout(offline);
    connect();
  }, { once: true });
</script></body></html>
`;

// Reads server-sent events from a response to a POST, which EventSource cannot make.

export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    held += value;
    let end;
    while ((end = held.indexOf("\n\n")) >= 0) {
      const event = parse(held.slice(0, end));
      held = held.slice(end + 2);
      if (event) {
        yield event;
      }
    }
  }
}

function parse(block) {
  let id = "";
  let event = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) {
      event = line.slice(7);
    } else if (line.startsWith("data: ")) {
      data += line.slice(6);
    } else if (line.startsWith("id: ")) {
      id = line.slice(4);
    }
  }
  return data ? { id, event, data: JSON.parse(data) } : null;
}

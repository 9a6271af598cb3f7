package passage;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Both topics, validated, counted in windows of 15 minutes; changed counts go to a topic. */
final class Footfall {
  private static final Duration BUCKET = Duration.ofMinutes(15);
  // Partitions of a backlog are not read in step: a window must wait for the slowest of them.
  private static final Duration GRACE = Duration.ofDays(90);
  private static final ObjectReader READER = new ObjectMapper().readerFor(Event.class);

  private Footfall() {}

  static Topology topology(List<String> sources, String counts) {
    StreamsBuilder builder = new StreamsBuilder();
    Consumed<byte[], Event> consumed =
        Consumed.with(Serdes.ByteArray(), events())
            .withTimestampExtractor((message, before) -> ((Event) message.value()).occurredAtMs());
    builder.stream(sources, consumed)
        .filter((key, event) -> event.isPassage())
        .map((key, event) -> KeyValue.pair(event.counter(), new byte[0]))
        .groupByKey(Grouped.with(Serdes.String(), Serdes.ByteArray()))
        .windowedBy(TimeWindows.ofSizeAndGrace(BUCKET, GRACE))
        .count(Materialized.with(Serdes.String(), Serdes.Long()))
        .toStream((window, count) -> window.window().start() + "|" + window.key())
        .to(counts, Produced.with(Serdes.String(), Serdes.Long()));
    return builder.build();
  }

  private static Serde<Event> events() {
    Deserializer<Event> reading =
        (topic, value) -> {
          try {
            return READER.readValue(value);
          } catch (IOException error) {
            throw new IllegalArgumentException(error);
          }
        };
    return Serdes.serdeFrom((topic, event) -> new byte[0], reading);
  }
}

package passage;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Kafka Streams and the sink that writes its counts, in one process; the argument is its processing
 * guarantee.
 *
 * <p>Not guaranteed: with at_least_once, a killed application counts again what its state had
 * counted since the last commit. With exactly_once_v2 the counts in Kafka are exact, and so are
 * those in the database, because a count is written as a whole and may be written again. No event
 * is stored, none is told from its repetition by a device.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> environment = System.getenv();
    String kafka = environment.get("PASSAGE_KAFKA");
    String group = environment.get("PASSAGE_GROUP");
    String prefix = environment.get("PASSAGE_TOPIC_PREFIX");
    String counts = group + "-counts";

    Properties client = new Properties();
    client.put("bootstrap.servers", kafka);
    create(client, counts);

    Properties streaming = new Properties();
    streaming.putAll(client);
    streaming.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
    streaming.put(StreamsConfig.STATE_DIR_CONFIG, environment.get("PEER_STATE"));
    streaming.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, arguments[0]);
    streaming.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    if (arguments[0].equals(StreamsConfig.AT_LEAST_ONCE)) {
      // How old a count may be for a board; exactly_once_v2 commits ten times as often by default.
      streaming.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    }

    Properties sinking = new Properties();
    sinking.putAll(client);
    sinking.put(ConsumerConfig.GROUP_ID_CONFIG, group + "-sink");
    sinking.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    sinking.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    sinking.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");

    List<String> sources = List.of(prefix + "visit-events", prefix + "heartbeats");
    KafkaStreams streams = new KafkaStreams(Footfall.topology(sources, counts), streaming);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    Thread sink = new Thread(new JdbcSink(sinking, counts, environment.get("PEER_JDBC")));
    sink.setDaemon(true);
    sink.start();
    streams.start();
  }

  private static void create(Properties client, String topic) throws Exception {
    try (Admin admin = Admin.create(client)) {
      admin.createTopics(List.of(new NewTopic(topic, 4, (short) 1))).all().get();
    } catch (ExecutionException error) {
      if (!(error.getCause() instanceof TopicExistsException)) {
        throw error;
      }
    }
  }
}

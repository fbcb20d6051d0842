#include "wire/image_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::wire {
namespace {

using testing::ElementsAre;

ImageRunConfig after(const std::vector<std::string>& changes) {
  ImageRunConfig run;
  for (const auto& change : changes) {
    const auto done = apply_image_change(change, run);
    EXPECT_TRUE(done.has_value()) << change << ": " << (done ? "" : done.error().text);
  }
  return run;
}

TEST(ImageChanges, Commands) {
  EXPECT_THAT(*after({R"(CMD ["sh"])"}).cmd, ElementsAre("sh"));
  EXPECT_THAT(*after({"CMD sh -c x"}).cmd, ElementsAre("/bin/sh", "-c", "sh -c x"));
  EXPECT_THAT(*after({"cmd [not json"}).cmd, ElementsAre("/bin/sh", "-c", "[not json"));
  EXPECT_THAT(*after({R"(ENTRYPOINT ["a", "b c"])"}).entrypoint, ElementsAre("a", "b c"));
  EXPECT_THAT(*after({"CMD []"}).cmd, ElementsAre());
}

TEST(ImageChanges, Environment) {
  EXPECT_THAT(after({"ENV A=b"}).env, ElementsAre("A=b"));
  EXPECT_THAT(after({"ENV A=b C=d\\ e F=\"g h\" I='j \\k'", "ENV A=2"}).env,
              ElementsAre("A=2", "C=d e", "F=g h", "I=j \\k"));
  EXPECT_THAT(after({"ENV A the rest  of it"}).env, ElementsAre("A=the rest  of it"));
}

TEST(ImageChanges, TheOthers) {
  const auto run =
      after({"EXPOSE 80 53/udp 8000-8002/tcp", "EXPOSE 80/tcp", "VOLUME /a /b", R"(VOLUME ["/c d"])", "USER app:app",
             "WORKDIR /srv", "WORKDIR www", "STOPSIGNAL SIGRTMIN+3", "LABEL a=1 \"b c\"=\"2 3\""});
  EXPECT_THAT(run.exposed_ports, ElementsAre("80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"));
  EXPECT_THAT(run.volumes, ElementsAre("/a", "/b", "/c d"));
  EXPECT_EQ(run.user, "app:app");
  EXPECT_EQ(run.working_dir, "/srv/www");
  EXPECT_EQ(run.stop_signal, "SIGRTMIN+3");
  EXPECT_EQ(run.labels, (std::map<std::string, std::string>{{"a", "1"}, {"b c", "2 3"}}));
}

TEST(ImageChanges, RefusalsChangeNothing) {
  for (const auto* bad : {"", "   ", "CMD", "RUN x", "FROM y", "ENV A", "ENV A=b C", "ENV =x", "EXPOSE x", "EXPOSE 0",
                          "EXPOSE 70000", "EXPOSE 90-80", "EXPOSE 80/icmp", "LABEL 'a", "STOPSIGNAL 99",
                          "STOPSIGNAL sig term", "EXPOSE 1 x", R"(VOLUME [""])"}) {
    ImageRunConfig run;
    const auto done = apply_image_change(bad, run);
    ASSERT_FALSE(done.has_value()) << bad;
    EXPECT_EQ(done.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(run, ImageRunConfig{}) << bad;
  }
}

}  // namespace
}  // namespace fairlead::wire

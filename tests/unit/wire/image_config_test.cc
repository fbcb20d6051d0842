#include "wire/image_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::wire {
namespace {

using testing::ElementsAre;

const std::string kLayer = "sha256:" + std::string(64, '1');
const std::string kRootfs = R"("rootfs":{"type":"layers","diff_ids":[")" + kLayer + R"("]})";

TEST(ImageConfig, ReadsWhatDockerWrites) {
  const auto config = parse_image_config(
      R"({"architecture":"arm64","variant":"v8","os":"linux","created":"2024-01-02T03:04:05Z","docker_version":"25","config":{
      "Hostname":"","User":"app","Tty":true,"Env":["A=b"],"Cmd":["sh","-c"],"Entrypoint":null,"WorkingDir":"/w","Image":"",
      "ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}},"Labels":{"k":"v"},"OnBuild":null,"StopSignal":"SIGINT","ArgsEscaped":true},
      "history":[{"created":"2024-01-02T03:04:05Z","created_by":"ADD"},{"created_by":"CMD","empty_layer":true}],)" +
      kRootfs + "}");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->architecture, "arm64");
  EXPECT_EQ(config->variant, "v8");
  EXPECT_EQ(config->run.user, "app");
  EXPECT_TRUE(config->run.tty);
  EXPECT_THAT(*config->run.cmd, ElementsAre("sh", "-c"));
  EXPECT_FALSE(config->run.entrypoint.has_value());
  EXPECT_THAT(config->run.exposed_ports, ElementsAre("80/tcp"));
  EXPECT_THAT(config->run.volumes, ElementsAre("/data"));
  EXPECT_EQ(config->run.labels.at("k"), "v");
  EXPECT_THAT(config->diff_ids, ElementsAre(kLayer));
  ASSERT_EQ(config->history.size(), 2u);
  EXPECT_TRUE(config->history[1].empty_layer);
}

TEST(ImageConfig, WhatIsWrittenReadsTheSame) {
  ImageConfig config;
  config.architecture = "amd64";
  config.os = "linux";
  config.created = "2024-01-02T03:04:05.6Z";
  config.comment = "Imported from -";
  config.run.env = {"A=b"};
  config.run.cmd = {"sh"};
  config.run.entrypoint = std::vector<std::string>{};
  config.run.labels = {{"a", "1"}, {"b", "\"\n"}};
  config.run.exposed_ports = {"80/tcp"};
  config.run.volumes = {"/v"};
  config.run.stop_signal = "SIGTERM";
  config.diff_ids = {kLayer};
  config.history = {{.created = config.created, .comment = config.comment}};
  const auto text = image_config_json(config);
  EXPECT_EQ(*parse_image_config(text), config);
  EXPECT_EQ(image_config_json(config), text);
}

TEST(ImageConfig, RefusesWrongTypes) {
  const std::string bad[] = {"",
                             "[]",
                             "7",
                             "{",
                             R"({"os":"linux"})",
                             R"({"rootfs":[]})",
                             R"({"rootfs":{"diff_ids":"x"}})",
                             R"({"rootfs":{"diff_ids":["sha256:short"]}})",
                             R"({"rootfs":{"diff_ids":["sha256:)" + std::string(64, 'A') + R"("]}})",
                             R"({"os":5,)" + kRootfs + "}",
                             R"({"config":[],)" + kRootfs + "}",
                             R"({"config":{"Env":"A=b"},)" + kRootfs + "}",
                             R"({"config":{"Env":[1]},)" + kRootfs + "}",
                             R"({"config":{"Labels":{"a":1}},)" + kRootfs + "}",
                             R"({"config":{"ExposedPorts":["80/tcp"]},)" + kRootfs + "}",
                             R"({"config":{"Tty":"yes"},)" + kRootfs + "}",
                             R"({"history":{},)" + kRootfs + "}",
                             R"({"history":[1],)" + kRootfs + "}",
                             R"({"x":)" + std::string(100, '[') + std::string(100, ']') + "," + kRootfs + "}",
                             "{" + kRootfs + "} x"};
  for (const auto& text : bad) {
    const auto config = parse_image_config(text);
    ASSERT_FALSE(config.has_value()) << text;
    EXPECT_EQ(config.error().kind, base::ErrorKind::invalid);
  }
}

TEST(ImageConfig, AcceptsOldOneWordCommandsAndUnknownMembers) {
  const auto config = parse_image_config(R"({"future":{"a":[1]},"config":{"Cmd":"sh","New":1},)" + kRootfs + "}");
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(*config->run.cmd, ElementsAre("sh"));
}

}  // namespace
}  // namespace fairlead::wire

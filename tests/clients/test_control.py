"""Service Quotas, Bedrock's control plane and CloudWatch."""

from datetime import datetime, timedelta, timezone

from harness import SONNET, Case, user

RPM, TPM = "L-F406804E", "L-4C35BB2A"
NOVA_LITE = "Amazon Nova Lite"


class Quotas(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.quotas = cls.client("service-quotas")

    def every(self, operation):
        pages = list(self.quotas.get_paginator(operation).paginate(ServiceCode="bedrock"))
        for page in pages[:-1]:
            self.assertEqual(len(page["Quotas"]), 100)
        return pages, {row["QuotaCode"]: row for page in pages for row in page["Quotas"]}

    def test_the_paginator_reads_every_row_once(self):
        pages, rows = self.every("list_service_quotas")
        self.assertGreater(len(pages), 10)
        self.assertGreater(len(rows), 1000)
        self.assertEqual(sum(len(page["Quotas"]) for page in pages), len(rows), "a code came twice")
        for row in rows.values():
            self.assertEqual((row["ServiceCode"], row["Unit"], row["QuotaAppliedAtLevel"]), ("bedrock", "None", "ACCOUNT"))
            self.assertGreaterEqual(row["Value"], 0)

    def test_the_applied_value_stands_over_the_default(self):
        _, applied = self.every("list_service_quotas")
        _, default = self.every("list_aws_default_service_quotas")
        self.assertLessEqual(set(applied), set(default))
        self.assertEqual((applied[RPM]["Value"], applied[TPM]["Value"]), (150, 90_000))
        self.assertEqual((default[RPM]["Value"], default[TPM]["Value"]), (100, 200_000))
        # Rows without an applied value are in the list of defaults alone.
        unset = {code for code in set(default) - set(applied) if NOVA_LITE in default[code]["QuotaName"]}
        self.assertGreaterEqual(len(unset), 2)
        for code in unset:
            exception = self.quotas.exceptions.NoSuchResourceException
            with self.assertRaises(exception):
                self.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode=code)

    def test_single_quotas(self):
        quota = self.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode=RPM)["Quota"]
        self.assertEqual(quota["QuotaName"], "On-demand model inference requests per minute for Anthropic Claude 3 Sonnet")
        self.assertEqual(quota["Value"], 150)
        default = self.quotas.get_aws_default_service_quota(ServiceCode="bedrock", QuotaCode=RPM)["Quota"]
        self.assertEqual(default["Value"], 100)

    def test_wrong_questions(self):
        ask, exceptions = self.quotas.get_service_quota, self.quotas.exceptions
        for code, named in (
            ("NoSuchResourceException", {"ServiceCode": "bedrock", "QuotaCode": "L-00000000"}),
            ("NoSuchResourceException", {"ServiceCode": "nothing", "QuotaCode": RPM}),
        ):
            self.refused(code, 400, ask, exception=getattr(exceptions, code), **named)
        self.refused(
            "InvalidPaginationTokenException",
            400,
            self.quotas.list_service_quotas,
            exception=exceptions.InvalidPaginationTokenException,
            ServiceCode="bedrock",
            NextToken="bm90aGluZw==",
        )


class Offering(Case):
    PROFILE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bedrock = cls.client("bedrock")

    def test_foundation_models(self):
        models = {row["modelId"]: row for row in self.bedrock.list_foundation_models()["modelSummaries"]}
        self.assertGreater(len(models), 50)
        self.assertIn("ON_DEMAND", models[SONNET]["inferenceTypesSupported"])
        self.assertEqual(models[self.PROFILE.removeprefix("us.")]["inferenceTypesSupported"], ["INFERENCE_PROFILE"])
        self.assertEqual(models[SONNET]["modelArn"], f"arn:aws:bedrock:us-east-1::foundation-model/{SONNET}")
        for row in models.values():
            self.assertIn(row["modelLifecycle"]["status"], ("ACTIVE", "LEGACY"))

    def profiles(self, client, **named):
        pages = client.get_paginator("list_inference_profiles").paginate(**named)
        return [row for page in pages for row in page["inferenceProfileSummaries"]]

    def test_inference_profiles_page_by_page(self):
        profiles = self.profiles(self.bedrock, PaginationConfig={"PageSize": 7})
        ids = [row["inferenceProfileId"] for row in profiles]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertIn(self.PROFILE, ids)
        self.assertEqual(ids, [row["inferenceProfileId"] for row in self.profiles(self.bedrock)])
        for kind in ("SYSTEM_DEFINED", "APPLICATION"):
            of_kind = self.profiles(self.bedrock, typeEquals=kind)
            self.assertLessEqual({row["type"] for row in of_kind}, {kind})
            self.assertEqual(kind == "SYSTEM_DEFINED", self.PROFILE in [row["inferenceProfileId"] for row in of_kind])
        europe = self.profiles(self.client("bedrock", region="eu-west-1"))
        prefixes = {row["inferenceProfileId"].split(".")[0] for row in europe}
        self.assertIn("eu", prefixes)
        self.assertNotIn("us", prefixes)

    def test_one_inference_profile_by_id_and_by_arn(self):
        [listed] = [row for row in self.profiles(self.bedrock) if row["inferenceProfileId"] == self.PROFILE]
        for name in (self.PROFILE, listed["inferenceProfileArn"]):
            got = self.bedrock.get_inference_profile(inferenceProfileIdentifier=name)
            got.pop("ResponseMetadata")
            self.assertEqual(got, listed)
        # An application's profile is called by its ARN.
        for own in self.profiles(self.bedrock, typeEquals="APPLICATION"):
            arn = own["inferenceProfileArn"]
            got = self.bedrock.get_inference_profile(inferenceProfileIdentifier=arn)
            self.assertEqual(got["models"], own["models"])
            self.runtime.converse(modelId=arn, messages=[user("Hello")], inferenceConfig={"maxTokens": 20})
        self.refused(
            "ResourceNotFoundException",
            404,
            self.bedrock.get_inference_profile,
            inferenceProfileIdentifier="us.anthropic.claude-nothing-v1:0",
            exception=self.bedrock.exceptions.ResourceNotFoundException,
        )


class Metrics(Case):
    # What is over is known at once; the wait for a full minute is not worth it, so this minute's end is all there is.
    scenario = "metrics_delay_seconds = 0\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cloudwatch = cls.client("cloudwatch")

    def ask(self, metric="Invocations", **named):
        stat = {
            "Metric": {
                "Namespace": "AWS/Bedrock",
                "MetricName": metric,
                "Dimensions": [{"Name": "ModelId", "Value": SONNET}],
            },
            "Period": 60,
            "Stat": "Sum",
        }
        now = datetime.now(timezone.utc)
        asked = {
            "MetricDataQueries": [{"Id": "a", "MetricStat": stat}],
            "StartTime": now - timedelta(minutes=10),
            "EndTime": now + timedelta(minutes=1),
        }
        return self.cloudwatch.get_metric_data(**(asked | named))

    def test_it_is_read_in_the_protocol_of_today(self):
        for metric in ("Invocations", "InvocationThrottles", "EstimatedTPMQuotaUsage", "Unknown"):
            [result] = self.ask(metric)["MetricDataResults"]
            # The minute is not over, so that nothing is known of it.
            self.assertEqual((result["Id"], result["Label"], result["StatusCode"]), ("a", metric, "Complete"))
            self.assertEqual((result["Timestamps"], result["Values"]), ([], []))

    def test_wrong_questions(self):
        now = datetime.now(timezone.utc)
        self.refused("ValidationError", 400, self.ask, EndTime=now - timedelta(hours=1), says="less than")
        self.refused(
            "InvalidNextToken",
            400,
            self.ask,
            NextToken="bm90aGluZw==",
            exception=self.cloudwatch.exceptions.InvalidNextToken,
        )


class ClosedMetrics(Metrics):
    scenario = 'cloudwatch = "denied"\n'

    def test_it_is_read_in_the_protocol_of_today(self):
        self.refused("AccessDenied", 403, self.ask, says="cloudwatch:GetMetricData")

    def test_wrong_questions(self):
        self.refused("AccessDenied", 403, self.ask, NextToken="x")

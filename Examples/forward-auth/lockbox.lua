-- Asks Lockbox about a request, for haproxy.cfg. Replace the names between two @.
local url = "http://@LOCKBOX@/authz/@SERVICE@"
-- base64 of the service's clientID:secret
local client = "Basic @CLIENT@"
-- What Lockbox says of who comes.
local said = { "decision", "grant", "request", "actor", "tenant", "resource", "actions", "not-after" }
-- Of the request itself, and not of the question.
local own = {
	["connection"] = true, ["content-length"] = true, ["transfer-encoding"] = true, ["expect"] = true, ["te"] = true,
	["host"] = true, ["upgrade"] = true, ["cookie"] = true,
}

-- The value of a field that has exactly one.
local function only(values)
	local found
	for _, value in pairs(values or {}) do
		if found then return nil end
		found = value
	end
	return found
end

core.register_action("ask_lockbox", { "http-req" }, function(txn)
	local fields, question = txn.http:req_get_headers(), {}
	for name, values in pairs(fields) do
		if not own[name] then
			question[name] = {}
			for _, value in pairs(values) do table.insert(question[name], value) end
		end
	end
	question["lockbox-client-authorization"] = { client }
	-- What becomes another protocol goes both ways: it is writing.
	question["x-original-method"] = { fields["upgrade"] and "CONNECT" or txn.f:method() }
	question["x-original-uri"] = { txn.f:pathq() }
	local answer = core.httpclient():get { url = url, headers = question, timeout = 10000 }
	txn:set_var("txn.lockbox_status", answer.status or 0)
	txn:set_var("txn.lockbox_challenge", only((answer.headers or {})["www-authenticate"]) or "Bearer")
	if answer.status ~= 200 then return end
	for _, name in ipairs(said) do
		local value = only(answer.headers["x-lockbox-" .. name])
		if value then txn:set_var("txn.lockbox_" .. name:gsub("-", "_"), value) end
	end
end)
